"""The outermost layer of a version: one response, at most one log line, and limits as the settings state them."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.types import Message
from starlette.websockets import WebSocket
from structlog.testing import capture_logs

from app.errors import Unavailable
from app.http.middleware.load_shedding import Capacity
from app.http.runtime import Runtime
from app.main import create_app
from app.settings.http import HttpSettings
from app.settings.root import Settings
from tests.support.app import TestApp
from tests.support.limits import plans_with
from tests.support.operations import VERSIONS
from versions.kit.openapi import header
from versions.kit.routing import RouteIndex

each_version = pytest.mark.parametrize("version", VERSIONS)
SECRET = "a defect of this test"


async def slow_body(_request: Request) -> Response:
    async def body() -> AsyncIterator[bytes]:
        yield b"first"
        await asyncio.sleep(0.4)
        yield b" second"

    return StreamingResponse(body(), media_type="text/plain")


async def failing_body(_request: Request) -> Response:
    async def body() -> AsyncIterator[bytes]:
        yield b"first"
        raise ValueError(SECRET)

    return StreamingResponse(body(), media_type="text/plain")


async def slow_start(_request: Request) -> Response:
    await asyncio.sleep(10)
    return PlainTextResponse("too late")


async def failing_start(_request: Request) -> Response:
    raise ValueError(SECRET)


async def failing_socket(socket: WebSocket) -> None:
    await socket.accept()
    raise ValueError(SECRET)


TOYS = (
    Route("/toys/slow-body", slow_body),
    Route("/toys/failing-body", failing_body),
    Route("/toys/slow-start", slow_start),
    Route("/toys/failing-start", failing_start),
    WebSocketRoute("/toys/failing-socket", failing_socket),
)


def with_toys(settings: Settings, test_app: TestApp, **http: Any) -> TestApp:
    """The application with other settings, and more routes in each version."""
    changed = settings.with_groups(settings[HttpSettings].model_copy(update=http))
    root = create_app(changed)
    assert isinstance(root, Starlette)
    for mount in root.routes:
        if isinstance(mount, Mount) and isinstance(mount.app, Starlette):
            router = mount.app.router
            router.routes.extend(TOYS)
            assert isinstance(router.middleware_stack, RouteIndex)
            router.middleware_stack = RouteIndex(router.middleware_stack._app, router.routes)
    return TestApp(root, Runtime.build(changed, test_app.runtime.database, test_app.runtime.metrics))


async def exchange(app: TestApp, path: str, kind: str = "http", headers: dict[str, str] | None = None) -> list[Message]:
    """Every message that the application sends."""
    scope: dict[str, Any] = {
        "type": kind,
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"strata.test"), *((k.lower().encode(), v.encode()) for k, v in (headers or {}).items())],
        "client": ("192.0.2.1", 40000),
        "server": ("strata.test", 80),
        "subprotocols": [],
        "extensions": {"websocket.http.response": {}},
    }
    if kind == "websocket":
        del scope["method"]
    sent: list[Message] = []

    async def receive() -> Message:
        if kind == "websocket":
            return {"type": "websocket.connect"}
        await asyncio.sleep(60)
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    try:
        await app.app(scope, receive, send)
    except ValueError as error:
        sent.append({"type": "raised", "text": str(error)})
    return sent


@each_version
async def test_the_deadline_is_one_for_the_start_of_a_response(
    settings: Settings, test_app: TestApp, version: str
) -> None:
    app = with_toys(settings, test_app, request_timeout=0.3)
    start, *_ = await exchange(app, f"/api/{version}/toys/slow-start")
    assert start["status"] == 503
    assert int(dict(start["headers"])[b"retry-after"]) >= 2
    start, *bodies = await exchange(app, f"/api/{version}/toys/slow-body")
    assert start["status"] == 200
    assert b"".join(body.get("body", b"") for body in bodies) == b"first second", "a client may read for minutes"


@each_version
@pytest.mark.parametrize(("path", "kind"), [("failing-body", "http"), ("failing-socket", "websocket")])
async def test_a_response_that_has_started_is_followed_by_no_other(
    settings: Settings, test_app: TestApp, version: str, path: str, kind: str
) -> None:
    """The error ends the connection: only that shows the client that the response is incomplete."""
    app = with_toys(settings, test_app)
    with capture_logs() as logs:
        sent = await exchange(app, f"/api/{version}/toys/{path}", kind)
    starts = [message for message in sent if message["type"] in {"http.response.start", "websocket.accept"}]
    assert len(starts) == 1
    assert starts[0].get("status", 200) == 200
    assert not [message for message in sent if message["type"].startswith("websocket.http.response")]
    assert sent[-1] == {"type": "raised", "text": SECRET}
    assert {line["event"] for line in logs if "exc_info" in line} == {"request_failed"}


@each_version
async def test_a_rejection_replaces_the_response_of_a_path_that_does_not_exist(
    settings: Settings, test_app: TestApp, version: str
) -> None:
    """A caller with a key is charged when the 404 starts. Without quota, the 429 is all that is sent."""
    ada = await test_app.person("ada@example.com")
    with plans_with({"burst": "1/day"}):
        app = with_toys(settings, test_app)
        first, second = [await exchange(app, f"/api/{version}/none", headers=ada.headers) for _ in range(2)]
    assert [(message["type"], message.get("status")) for message in first] == [
        ("http.response.start", 404),
        ("http.response.body", None),
    ]
    assert [(message["type"], message.get("status")) for message in second] == [
        ("http.response.start", 429),
        ("http.response.body", None),
    ]
    assert int(dict(second[0]["headers"])[b"content-length"]) == len(second[1]["body"])


@each_version
async def test_a_defect_before_the_charge_costs_nothing(settings: Settings, test_app: TestApp, version: str) -> None:
    """What ended the request could end the look-up of its caller, too."""
    ada = await test_app.person("ada@example.com")
    with plans_with({"burst": "1/day"}):
        app = with_toys(settings, test_app)
        for _ in range(2):
            start, _ = await exchange(app, f"/api/{version}/toys/failing-start", headers=ada.headers)
            assert start["status"] == 500
            assert not {b"ratelimit", b"x-ratelimit-limit"} & dict(start["headers"]).keys()
        first, _ = await exchange(app, f"/api/{version}/none", headers=ada.headers)
    assert first["status"] == 404


@each_version
async def test_a_rejection_by_a_layer_is_no_defect(
    test_app: TestApp, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    """A 500 is logged with its traceback, and nothing else is."""
    capacity = test_app.runtime.get(Capacity)
    monkeypatch.setattr(capacity, "in_use", capacity.limit)
    async with test_app.client() as client:
        with capture_logs() as logs:
            assert (await client.get(f"/api/{version}/posts")).status_code == 503
    assert [line for line in logs if line["log_level"] == "error"] == []


@each_version
async def test_a_version_has_the_limits_of_its_settings(settings: Settings, test_app: TestApp, version: str) -> None:
    app = with_toys(
        settings, test_app, max_header_bytes=4096, max_header_fields=20, max_target_bytes=1024, max_body_bytes=1024
    )
    url = f"/api/{version}/posts"
    async with app.client() as client:
        assert (await client.get(url)).status_code == 200
        for query, headers in (
            ("q=" + "x" * 1100, {}),
            ("", {"X-Padding": "x" * 5000}),
            ("", {f"X-{number}": "x" for number in range(25)}),
        ):
            assert (await client.get(f"{url}?{query}" if query else url, headers=headers)).status_code == 431
        assert (await client.post(url, content=b" " * 1100)).status_code == 413


@each_version
async def test_a_path_is_never_redirected_to_another_spelling(test_app: TestApp, version: str) -> None:
    async with test_app.client() as client:
        for path in ("/posts/", "/users/", "/docs/", "/none/"):
            assert (await client.get(f"/api/{version}{path}")).status_code == 404


@each_version
async def test_an_outage_while_a_missing_path_is_charged_is_a_503(
    test_app: TestApp, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    ada = await test_app.person("ada@example.com")

    async def fail(*_: object) -> None:
        raise Unavailable(retry_after=3)

    monkeypatch.setattr("versions.kit.middleware.version.admit_without_route", fail)
    async with test_app.client(ada.headers) as client:
        response: httpx2.Response = await client.get(f"/api/{version}/none")
    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) >= 3
    assert response.headers["API-Version"] == version


def test_the_telemetry_of_the_framework_is_off(settings: Settings) -> None:
    """Each request would be exported a second time if a global provider is set."""
    root = create_app(settings)
    assert isinstance(root, Starlette)
    versions = [mount.app for mount in root.routes if isinstance(mount, Mount) and isinstance(mount.app, FastAPI)]
    assert len(versions) >= len(VERSIONS)
    for app in versions:
        assert [app._telemetry[part] for part in ("tracing", "metrics", "logs")] == [False] * 3


def test_a_header_object() -> None:
    assert header("Text.") == {"description": "Text.", "required": False, "schema": {"type": "string"}}
    assert header("Text.", required=True)["required"] is True
