"""A response of server-sent events (WHATWG HTML, section 9.2): our own ASGI response, with one queue of bytes.

FastAPI's generator takes four times the CPU for each message.
"""

import asyncio
import random
from abc import abstractmethod
from collections import deque
from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

import orjson
import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.errors import DomainError
from app.events.render_failures import RenderFailures
from app.http.disconnects import until_disconnected
from app.http.live.close_codes import CloseCode
from app.http.live.connections import LiveConnections, Place
from app.http.live.metrics import SLOW_CLIENT, RealtimeMetrics
from app.http.middleware.load_shedding import release_capacity
from app.http.runtime import Runtime, runtime_of
from app.http.state import state_of
from app.settings.realtime import RealtimeSettings

MEDIA_TYPE: Final = "text/event-stream"
_MESSAGES: Final = 256
_BYTES: Final = 256 * 1024
_RETRY_MS: Final = 1000
_REFUSED_MS: Final = 30_000
_CLOSE_MS: Final = 4000
"""Over this time the clients of a process that stops connect again."""
_HEADERS: Final = {"X-Accel-Buffering": "no"}
_LOG: Final = structlog.get_logger()
_JITTER: Final = random.Random()  # noqa: S311 - spreads clients, protects nothing


def message(event: str, data: bytes, identifier: int | None = None) -> bytes:
    """One message; ``data`` has no line breaks."""
    position = b"" if identifier is None else b"id: %d\n" % identifier
    return b"%bevent: %b\ndata: %b\n\n" % (position, event.encode(), data)


def retry(shortest: int, spread: int) -> bytes:
    """The field with the milliseconds after which a client connects again: random, so that clients spread."""
    return b"retry: %d\n" % (shortest + _JITTER.randrange(spread))


class Refusal(Response):
    """A 200 that ends at once and says when to connect again: another status ends an ``EventSource`` for good."""

    media_type = MEDIA_TYPE

    def __init__(self) -> None:
        super().__init__(retry(_REFUSED_MS, _REFUSED_MS) + b"\n", headers=_HEADERS)


class EventStreamResponse(Response):
    """A stream that ends when the client leaves, when it is closed, or after an hour.

    A subclass fills the queue. A client that reads too slowly loses what waits, and receives ``reset``.
    """

    media_type = MEDIA_TYPE

    def __init__(self, runtime: Runtime, place: Place) -> None:
        super().__init__(headers=_HEADERS)
        del self.headers["content-length"]
        self._runtime = runtime
        self._place = place
        self._settings = runtime.settings[RealtimeSettings]
        self._metrics = runtime.metrics.group(RealtimeMetrics)
        self._failures = runtime.metrics.group(RenderFailures)
        self._queue: deque[bytes] = deque()
        self._bytes = 0
        self._wake = asyncio.Event()
        self._sent = asyncio.Event()
        self._ending: str | None = None
        self._gone = False

    @property
    def api_version(self) -> str:
        """The version of its messages."""
        return self._place.api_version

    @abstractmethod
    async def fill(self) -> None:
        """Queue messages until the stream ends; returns early if something else queues them. Raises ``DomainError``."""

    def on_overflow(self) -> bytes:
        """The message in place of those that a slow client lost."""
        return message("reset", b"{}")

    def heartbeat(self) -> bytes:
        """What shows the client and proxies that the connection is alive."""
        return b":\n\n"

    def put(self, chunk: bytes) -> None:
        """Queue a message. Never blocks."""
        if len(self._queue) >= _MESSAGES or self._bytes + len(chunk) > _BYTES:
            self._metrics.resets.labels(SLOW_CLIENT).inc()
            self.clear()
            chunk = self.on_overflow()
        self._queue.append(chunk)
        self._bytes += len(chunk)
        self._wake.set()

    def put_page(self, chunks: Sequence[bytes]) -> None:
        """Queue messages that are no burst: the next page is read when these are sent."""
        self._queue.extend(chunks)
        self._bytes += sum(map(len, chunks))
        self._wake.set()

    def clear(self) -> None:
        """Drop what waits."""
        self._queue.clear()
        self._bytes = 0

    def close(self, code: int, reason: str) -> None:  # noqa: ARG002 - of WebSockets
        """See ``LiveConnection``; the first reason stays."""
        self.end(reason)

    def end(self, reason: str) -> None:
        """Send what waits, then ``bye`` with the reason."""
        self._ending = self._ending or reason
        self._wake.set()

    async def drained(self) -> None:
        """Wait until nothing waits, or the stream ends."""
        while self._queue and self._ending is None:
            self._sent.clear()
            await self._sent.wait()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI. Raises ``DomainError`` before the response starts."""
        with runtime_of(scope).get(LiveConnections).held(self, self._place):
            await self.serve(scope, receive, send)

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the stream. A subclass prepares here what may fail."""
        await send({"type": "http.response.start", "status": HTTPStatus.OK, "headers": self.raw_headers})
        if state_of(scope).without_body:
            await send({"type": "http.response.body", "body": b""})
            return
        release_capacity(scope)
        await send(_chunk(retry(_RETRY_MS, _RETRY_MS) + b"\n"))
        tasks = [asyncio.create_task(self._until_gone(receive)), asyncio.create_task(self._fill())]
        try:
            await self._send_all(send)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _send_all(self, send: Send) -> None:
        clock = asyncio.get_running_loop().time
        end = clock() + self._settings.max_connection_seconds
        while not self._gone:
            self._wake.clear()
            if self._queue:
                chunk = b"".join(self._queue)
                self._metrics.sent.labels(self._place.api_version).inc(len(self._queue))
                self.clear()
                await send(_chunk(chunk))
                self._sent.set()
                continue
            if self._ending is not None:
                bye = message("bye", orjson.dumps({"reason": self._ending}))
                await send(_chunk(retry(_RETRY_MS, _CLOSE_MS) + bye, more=False))
                return
            remaining = end - clock()
            if remaining <= 0:
                self.end("max_age")
                continue
            try:
                async with asyncio.timeout(min(self._settings.heartbeat_seconds, remaining)):
                    await self._wake.wait()
            except TimeoutError:
                if clock() < end:
                    await send(_chunk(self.heartbeat()))
        # The client is gone: this sends nothing, but the server expects the end of a response.
        await send(_chunk(b"", more=False))

    async def _until_gone(self, receive: Receive) -> None:
        await until_disconnected(receive)
        self._gone = True
        self.end("gone")

    async def _fill(self) -> None:
        try:
            await self.fill()
        except DomainError as error:
            self.close(CloseCode.TRY_AGAIN_LATER, error.code)
        except Exception as error:  # noqa: BLE001 - the stream ends, and its client connects again
            _LOG.error("stream_failed", exc_info=error)
            self.close(CloseCode.TRY_AGAIN_LATER, "internal_error")


def _chunk(body: bytes, *, more: bool = True) -> dict[str, object]:
    return {"type": "http.response.body", "body": body, "more_body": more}
