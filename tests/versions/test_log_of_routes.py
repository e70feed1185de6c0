"""The route and the method of each request in the log: with HEAD, a method that is not allowed, and no route."""

import json

import pytest
from starlette.types import Message, Scope

from tests.support.app import TestApp
from tests.support.operations import VERSIONS

REQUESTS = [
    ("GET", "/posts", 200, "/posts"),
    ("HEAD", "/posts", 200, "/posts"),
    ("HEAD", "/posts/batch", 405, "/posts/batch"),
    ("DELETE", "/posts", 405, "/posts"),
    ("PATCH", "/posts/batch", 405, "/posts/batch"),
    ("GET", "/nowhere", 404, None),
]


@pytest.mark.parametrize("version", VERSIONS)
async def test_the_route_of_a_request(test_app: TestApp, version: str, capsys: pytest.CaptureFixture[str]) -> None:
    async with test_app.client() as client:
        for method, path, status, _ in REQUESTS:
            response = await client.request(method, f"/api/{version}{path}")
            assert response.status_code == status, path
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    found = [(line["method"], line["status"], line["http_route"]) for line in lines if line["event"] == "request"]
    for (method, _, status, route), line in zip(REQUESTS, found, strict=True):
        assert line[:2] == (method, status)
        if route is not None:
            assert line[2] == f"/api/{version}{route}"
        else:
            assert not line[2].startswith("/api")
    assert [line.get("problem") for line in lines if line["event"] == "request"] == [
        {405: "method_not_allowed", 404: "not_found"}.get(status) for _, _, status, _ in REQUESTS
    ]


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_response_to_head_has_the_headers_of_get_and_no_body(test_app: TestApp, version: str) -> None:
    found: dict[str, tuple[dict[bytes, bytes], bytes]] = {}
    for method in ("GET", "HEAD"):
        sent: list[Message] = []
        scope: Scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": f"/api/{version}/posts",
            "raw_path": f"/api/{version}/posts".encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [(b"host", b"strata.test")],
            "client": ("192.0.2.1", 40000),
            "server": ("strata.test", 80),
        }

        async def receive() -> Message:
            return {"type": "http.request", "body": b""}

        async def send(message: Message, sent: list[Message] = sent) -> None:
            sent.append(message)

        await test_app.app(scope, receive, send)
        found[method] = dict(sent[0]["headers"]), b"".join(each.get("body", b"") for each in sent[1:])
    assert found["GET"][1] != b""
    assert found["HEAD"][1] == b""
    for name in (b"content-type", b"content-length", b"api-version", b"cache-control"):
        assert found["HEAD"][0][name] == found["GET"][0][name]
