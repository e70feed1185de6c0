"""A defect is logged once with its traceback, in whichever layer it is raised, and an outage without one."""

import json
from collections.abc import AsyncIterator
from importlib import import_module
from typing import Any

import httpx2
import pytest
from starlette.responses import StreamingResponse

from app.errors import Unavailable
from app.posts.reader import PostReader
from app.posts.service import PostService
from tests.support.app import TestApp
from tests.support.operations import VERSIONS
from versions.kit.middleware.version import VersionMiddleware

SECRET = "a defect of this test"
WHERE = {
    "read": [(PostReader, "page"), (PostReader, "offset_page")],
    "write": [(PostService, "create")],
}
"""The use cases of a request of each kind, in one of the versions or in both."""


def fail_with(error: Exception) -> Any:
    async def fail(*_: Any, **__: Any) -> Any:
        raise error

    return fail


async def send(test_app: TestApp, version: str, kind: str) -> int:
    ada = await test_app.person("ada@example.com")
    async with test_app.client(ada.headers) as client:
        body = {"title": "T", "content": "C"}
        response = await client.request("GET" if kind == "read" else "POST", f"/api/{version}/posts", json=body)
        assert SECRET not in response.text
        return response.status_code


def lines_about(text: str, *, traceback: bool) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    return [line for line in found if ("exception" in line) is traceback]


@pytest.mark.parametrize("kind", WHERE)
@pytest.mark.parametrize("version", VERSIONS)
async def test_a_defect_has_one_traceback_and_one_line_of_the_request(
    test_app: TestApp, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], version: str, kind: str
) -> None:
    for place in WHERE[kind]:
        monkeypatch.setattr(*place, fail_with(ValueError(SECRET)))
    assert await send(test_app, version, kind) == 500
    text = capsys.readouterr().out
    (defect,) = lines_about(text, traceback=True)
    assert SECRET in defect["exception"]
    (request,) = (line for line in lines_about(text, traceback=False) if line.get("status") == 500)
    assert request["request_id"] == defect["request_id"]


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_defect_outside_of_the_version_has_one_traceback(
    test_app: TestApp, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], version: str
) -> None:
    """Not even the error format of the version can be rendered."""
    monkeypatch.setattr(VersionMiddleware, "__call__", fail_with(ValueError(SECRET)))
    async with test_app.client() as client:
        client.contracts = ()  # type: ignore[misc]  # the general problem is part of no contract
        assert (await client.get(f"/api/{version}/posts")).status_code == 500
    assert len(lines_about(capsys.readouterr().out, traceback=True)) == 1


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_defect_within_a_body_has_one_traceback(
    test_app: TestApp, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], version: str
) -> None:
    """The version has logged it, and raises it again, so that the server closes the connection."""

    async def body() -> AsyncIterator[bytes]:
        yield b"[1,"
        raise ValueError(SECRET)

    async def stream(*_: Any) -> StreamingResponse:
        return StreamingResponse(body(), media_type="application/json")

    route = import_module(f"versions.{version}.posts.routes").posts.route_class
    monkeypatch.setattr(route, "wrap", stream)
    transport = httpx2.ASGITransport(app=test_app.app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://strata.test") as client:
        with pytest.raises(ValueError, match=SECRET):
            await client.get(f"/api/{version}/posts")
    assert len(lines_about(capsys.readouterr().out, traceback=True)) == 1


@pytest.mark.parametrize("kind", WHERE)
@pytest.mark.parametrize("version", VERSIONS)
async def test_an_outage_has_no_traceback(
    test_app: TestApp, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], version: str, kind: str
) -> None:
    for place in WHERE[kind]:
        monkeypatch.setattr(*place, fail_with(Unavailable(retry_after=1)))
    assert await send(test_app, version, kind) == 503
    assert lines_about(capsys.readouterr().out, traceback=True) == []
