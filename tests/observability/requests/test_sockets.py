"""One line and one count for each WebSocket, by its route: its path can contain a token."""

import io
import json

import pytest
from fastapi import FastAPI
from starlette.responses import Response
from starlette.types import Message
from starlette.websockets import WebSocket

from observability.config import ObservabilityConfig
from observability.install import install
from observability.logs.configuration import configure
from observability.metrics.metrics import Metrics

TOKEN = "opaque-token-of-a-path"


@pytest.fixture
def sample() -> tuple[FastAPI, Metrics]:
    """An application with a WebSocket whose path has a token."""
    version = FastAPI(openapi_url=None)

    @version.websocket("/live/{token}")
    async def live(websocket: WebSocket, token: str) -> None:
        if token == "denied":
            await websocket.close()
            return
        if token == "refused":
            await websocket.send_denial_response(Response(status_code=401))
            return
        await websocket.accept()
        await websocket.receive()
        if token == "leaves":
            return
        await websocket.close(4401)
        # A server sends this message when either side has closed the connection.
        await websocket.receive()

    app = FastAPI(openapi_url=None)
    app.mount("/api/v901", version)
    return app, install(app, ObservabilityConfig(mounts={"/api/v901": "v901"}, release="2026-11"))


async def line_of(app: FastAPI, token: str, *messages: Message) -> dict[str, object]:
    """The line of one WebSocket."""
    output = io.BytesIO()
    configure("debug", "json", output)
    incoming = iter([{"type": "websocket.connect"}, *messages])

    async def receive() -> Message:
        return next(incoming, {"type": "websocket.disconnect", "code": 1006})

    async def send(_message: Message) -> None:
        """Nothing is recorded."""

    await app(
        {
            "type": "websocket",
            "path": f"/api/v901/live/{token}",
            "root_path": "",
            "headers": [],
            "query_string": b"ticket=secret",
            "client": ("192.0.2.1", 1),
            "subprotocols": [],
            "extensions": {"websocket.http.response": {}},
        },
        receive,
        send,
    )
    text = output.getvalue().decode()
    assert token not in text
    assert "ticket" not in text
    (line,) = [entry for entry in map(json.loads, text.splitlines()) if entry["event"] == "websocket"]
    return dict(line)


@pytest.mark.parametrize(
    ("token", "message", "status", "code"),
    [
        (TOKEN, {"type": "websocket.receive", "text": "a"}, 101, 4401),
        ("leaves", {"type": "websocket.disconnect", "code": 1001}, 101, 1001),
        ("denied", {"type": "websocket.disconnect", "code": 1006}, 403, 1000),
        ("refused", {"type": "websocket.disconnect", "code": 1006}, 401, None),
    ],
)
async def test_a_socket_has_one_line_and_one_count(
    sample: tuple[FastAPI, Metrics], token: str, message: Message, status: int, code: int | None
) -> None:
    app, metrics = sample
    unmatched = {"api_version": "v901", "http_route": "unmatched", "http_response_status_code": "404"}
    assert metrics.registry.get_sample_value("http_server_websockets_total", unmatched) == 0
    line = await line_of(app, token, message)
    assert line["http_route"] == "/api/v901/live/{token}"
    assert (line["status"], line["close_code"], line["api_version"]) == (status, code, "v901")
    labels = {"api_version": "v901", "http_route": "/api/v901/live/{token}", "http_response_status_code": str(status)}
    assert metrics.registry.get_sample_value("http_server_websockets_total", labels) == 1
