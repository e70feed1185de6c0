"""A small application behind Strata's HTTP protocol, in a thread, and raw sockets as its clients."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import uvicorn
from prometheus_client import generate_latest
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from app.http.server.connections import Connections
from app.http.server.limits import ConnectionLimits
from app.http.server.loop import FACTORY, LimitedLoop
from app.http.server.metrics import ConnectionMetrics
from app.http.server.protocol import LimitedHttpProtocol
from app.http.server.websockets import HandshakeWebSocketProtocol
from app.settings.http import HttpSettings
from observability.metrics.metrics import Metrics
from tests.support.waiting import PATIENCE, wait_until

SMALL = {"head_timeout": 1, "linger_timeout": 1, "keep_alive_timeout": 2, "unread_timeout": 2}
LOOPS = {"uvloop": FACTORY, "asyncio": f"{LimitedLoop.__module__}:{LimitedLoop.__name__}"}
PARTS = 64
"""Of the response to ``/large``, each of one MiB: more than the buffers of both sides."""


class Probe:
    """The application: what it received, by path."""

    def __init__(self) -> None:
        self.served: list[str] = []
        self.headers: list[tuple[bytes, bytes]] = []
        self.disconnects = 0
        self.release = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond according to the path."""
        if scope["type"] != "http":
            await PlainTextResponse("denied", 404)(scope, receive, send)
            return
        path = scope["path"]
        if path == "/read":
            message: Message = {"more_body": True}
            while message.get("more_body"):
                message = await receive()
                if message["type"] == "http.disconnect":
                    self.disconnects += 1
                    return
        if path == "/slow":
            await self.release.wait()
        if path == "/large":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            for _ in range(PARTS):
                await send({"type": "http.response.body", "body": b"x" * 2**20, "more_body": True})
            self.served.append(path)
            await send({"type": "http.response.body", "body": b""})
            return
        self.served.append(path)
        self.headers = scope["headers"]
        status = 413 if path == "/reject" else 200
        body = b"reject" if status == 413 else b"served"
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"6")]})
        await send({"type": "http.response.body", "body": body})


class RawServer:
    """A running server."""

    def __init__(
        self, port: int, probe: Probe, metrics: Metrics, loop: asyncio.AbstractEventLoop, connections: Connections
    ) -> None:
        self.port = port
        self.connections = connections
        self.probe = probe
        self._metrics = metrics
        self._loop = loop

    def release(self) -> None:
        """Let ``/slow`` respond."""
        self._loop.call_soon_threadsafe(self.probe.release.set)

    def rejected(self, reason: str) -> float:
        """How many connections were rejected for a reason."""
        name = f'http_server_rejected_connections_total{{reason="{reason}"}} '
        exposition = generate_latest(self._metrics.registry).decode()
        return float(next(line for line in exposition.splitlines() if line.startswith(name)).removeprefix(name))

    def connect(self) -> socket.socket:
        """A connection with a time limit on each call."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)

    def exchange(self, *parts: bytes, pause: float = 0.05) -> bytes:
        """Send parts, and return all bytes until the server closes. A reset connection raises ``OSError``."""
        with self.connect() as client:
            for part in parts:
                client.sendall(part)
                time.sleep(pause)
            return read_all(client)


def read_all(client: socket.socket) -> bytes:
    """All bytes until the end of the stream."""
    received = b""
    while chunk := client.recv(65_536):
        received += chunk
    return received


def receive(client: socket.socket) -> bytes:
    """One response with Content-Length."""
    received = b""
    while (end := received.find(b"\r\n\r\n")) < 0:
        chunk = client.recv(65_536)
        assert chunk, f"the connection ended after {received!r}"
        received += chunk
    length = int(received.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    while len(received) < end + 4 + length:
        chunk = client.recv(65_536)
        assert chunk, f"the connection ended after {received!r}"
        received += chunk
    return received


def status_of(response: bytes) -> int:
    """The status of the first response."""
    return int(response.split(b" ", 2)[1])


@contextmanager
def raw_server(loop: str = "uvloop", **changes: int) -> Iterator[RawServer]:
    """Serve ``Probe`` with these settings of the http group; waits are short."""
    http = HttpSettings(**{**SMALL, **changes})  # type: ignore[arg-type]  # all are numbers
    metrics, probe = Metrics(), Probe()
    connections = Connections(ConnectionLimits.of(http), ConnectionMetrics(metrics))
    config = uvicorn.Config(
        probe,
        port=0,
        http=LimitedHttpProtocol,
        ws=HandshakeWebSocketProtocol,
        lifespan="off",
        log_config=None,
        loop=LOOPS[loop],
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    config.load()
    started: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        started.append(asyncio.get_running_loop())
        await server.serve()

    original = config.lifespan_class

    def with_state(given: uvicorn.Config) -> object:
        lifespan = original(given)
        lifespan.state.update(connections.state())
        return lifespan

    config.lifespan_class = with_state  # type: ignore[assignment]  # called once, with the configuration

    def run() -> None:
        with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
            runner.run(serve())

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    wait_until(lambda: server.started)
    try:
        yield RawServer(server.servers[0].sockets[0].getsockname()[1], probe, metrics, started[0], connections)
    finally:
        with suppress(RuntimeError):
            started[0].call_soon_threadsafe(probe.release.set)
        server.should_exit = True
        thread.join(10)
