"""Handshakes of WebSockets: until one is accepted, every failure is an HTTP response of the version."""

from typing import Any

import orjson
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount, WebSocketRoute
from starlette.types import Message
from starlette.websockets import WebSocket

from app.http.lifecycle import LifecycleComponent
from app.http.middleware.load_shedding import Capacity
from app.http.runtime import Runtime, runtime_of
from app.kit.clock import utc_now
from app.main import create_app
from app.settings.rate_limit import RateLimitSettings
from app.settings.root import Settings
from tests.support.app import TestApp
from tests.support.dialects import DIALECTS
from tests.support.operations import VERSIONS
from tests.support.registries import DEPRECATED
from versions.kit.routing import RouteIndex

LIMIT = 3
FAILURES = {name: dialect.failure_type.encode() for name, dialect in DIALECTS.items()}

open_now: list[int] = []
"""The requests in progress while each WebSocket is open."""


async def toy(socket: WebSocket) -> None:
    """A route that accepts, and fails on demand."""
    if socket.query_params.get("fail"):
        raise RuntimeError
    open_now.append(runtime_of(socket.scope).get(Capacity).in_use)
    await socket.accept()
    await socket.close()


@pytest.fixture
async def app(settings: Settings, test_app: TestApp) -> TestApp:
    """The application with a WebSocket route in each version, and a small anonymous quota."""
    limits = settings[RateLimitSettings]
    changed = settings.with_groups(limits.model_copy(update={"anonymous": {"burst": f"{LIMIT}/day"}}))
    root = create_app(changed)
    assert isinstance(root, Starlette)
    for mount in root.routes:
        if isinstance(mount, Mount) and isinstance(mount.app, Starlette):
            mount.app.router.routes.append(WebSocketRoute("/toy", toy))
            # Without the index of the routes before.
            mount.app.router.middleware_stack = RouteIndex(mount.app.router.app, mount.app.router.routes)
    return TestApp(root, Runtime.build(changed, test_app.runtime.database, test_app.runtime.metrics))


async def handshake(
    app: TestApp, path: str, query: bytes = b"", *repeated: tuple[bytes, bytes], **headers: str
) -> list[Message]:
    """What the application sends."""
    fields = {"host": "strata.test", **{name.replace("_", "-"): value for name, value in headers.items()}}
    scope: dict[str, Any] = {
        "type": "websocket",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "ws",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query,
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in fields.items()] + list(repeated),
        "client": ("192.0.2.1", 40000),
        "server": ("strata.test", 80),
        "subprotocols": [],
        "extensions": {"websocket.http.response": {}},
    }
    sent: list[Message] = []
    incoming = iter([{"type": "websocket.connect"}])

    async def receive() -> Message:
        return next(incoming, {"type": "websocket.disconnect", "code": 1000})

    async def send(message: Message) -> None:
        sent.append(message)

    await app.app(scope, receive, send)
    return sent


def ensure_denied(version: str, sent: list[Message], status: int) -> None:
    """One HTTP response in the version's format, with the version's headers."""
    start, body = sent
    assert (start["type"], body["type"]) == ("websocket.http.response.start", "websocket.http.response.body")
    assert start["status"] == status
    headers = dict(start["headers"])
    assert headers[b"content-type"] == FAILURES[version]
    assert headers[b"api-version"] == version.encode()
    assert b"x-request-id" in headers
    document = orjson.loads(body["body"])
    assert document["status"] == status if DIALECTS[version].has_codes else list(document) == ["detail"]


@pytest.mark.parametrize("version", VERSIONS)
async def test_an_accepted_handshake_is_charged(app: TestApp, version: str) -> None:
    for _ in range(LIMIT):
        accepted, closed = await handshake(app, f"/api/{version}/toy")
        assert (accepted["type"], closed["type"]) == ("websocket.accept", "websocket.close")
        assert dict(accepted["headers"])[b"api-version"] == version.encode()
    denied = await handshake(app, f"/api/{version}/toy")
    ensure_denied(version, denied, 429)
    assert b"retry-after" in dict(denied[0]["headers"])


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_caller_with_a_key_is_charged(app: TestApp, version: str) -> None:
    person = await app.person(f"{version}@example.com")
    accepted, _ = await handshake(app, f"/api/{version}/toy", x_api_key=person.key)
    limit = {b"x-ratelimit-limit", b"ratelimit"} & dict(accepted["headers"]).keys()
    assert limit, "the handshake is charged to the caller when no route does it"
    ensure_denied(version, await handshake(app, f"/api/{version}/none", x_api_key=person.key), 404)
    ensure_denied(version, await handshake(app, f"/api/{version}/none", x_api_key="junk"), 404)


@pytest.mark.parametrize("version", VERSIONS)
async def test_no_route_is_404(app: TestApp, version: str) -> None:
    for path in ("/none", "/posts", "/toy/"):
        ensure_denied(version, await handshake(app, f"/api/{version}{path}"), 404)
    ensure_denied(version, await handshake(app, f"/api/{version}/none"), 429)


async def test_no_route_outside_of_versions_is_404(app: TestApp) -> None:
    start, body = await handshake(app, "/none")
    assert start["status"] == 404
    assert orjson.loads(body["body"])["code"] == "not_found"


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_process_at_capacity_denies_with_503(app: TestApp, version: str) -> None:
    capacity = app.runtime.get(Capacity)
    capacity.in_use = capacity.limit
    denied = await handshake(app, f"/api/{version}/toy")
    ensure_denied(version, denied, 503)
    assert b"retry-after" in dict(denied[0]["headers"])


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_web_socket_is_no_request_in_progress(app: TestApp, version: str) -> None:
    open_now.clear()
    await handshake(app, f"/api/{version}/toy")
    assert open_now == [0], "it stays open for hours"


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_repeated_field_is_400(app: TestApp, version: str) -> None:
    repeated = ((b"x-api-key", b"a"), (b"x-api-key", b"b"))
    ensure_denied(version, await handshake(app, f"/api/{version}/toy", b"", *repeated), 400)


@pytest.mark.parametrize("version", [version.name for version in DEPRECATED])
async def test_a_retired_version_denies_with_410(app: TestApp, version: str) -> None:
    app.runtime.get(LifecycleComponent).schedule.replace({}, {version: utc_now()})
    ensure_denied(version, await handshake(app, f"/api/{version}/toy"), 410)


@pytest.mark.parametrize("version", VERSIONS)
async def test_heads_have_limits(app: TestApp, version: str) -> None:
    ensure_denied(version, await handshake(app, f"/api/{version}/toy", padding="x" * 40_000), 431)
    many = {f"x_{number}": "x" for number in range(200)}
    ensure_denied(version, await handshake(app, f"/api/{version}/toy", b"", **many), 431)
    ensure_denied(version, await handshake(app, f"/api/{version}/toy", b"q" * 9000), 431)


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_defect_before_the_acceptance_is_a_500(app: TestApp, version: str) -> None:
    ensure_denied(version, await handshake(app, f"/api/{version}/toy", b"fail=1"), 500)
