"""One accepted WebSocket: a bounded queue, one task that writes, and limits on what the client sends."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable
from typing import Final, Protocol

import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect

from app.errors import DomainError
from app.http.live.connections import TRY_AGAIN_LATER
from app.http.live.metrics import RATE, SLOW_CLIENT, RealtimeMetrics
from app.http.live.token_bucket import TokenBucket, Verdict
from app.settings.realtime import RealtimeSettings

NORMAL: Final = 1000
UNSUPPORTED_DATA: Final = 1003
POLICY_VIOLATION: Final = 1008
INTERNAL_ERROR: Final = 1011
UNAUTHENTICATED: Final = 4401
TOO_MANY_MESSAGES: Final = 4429
_LOG: Final = structlog.get_logger()
_CLOSE_SECONDS: Final = 1.0


class MessageHandler(Protocol):
    """The protocol of one kind of WebSocket."""

    async def receive(self, text: str) -> None:
        """Handle a message of the client. Raises ``DomainError`` if the database cannot be reached."""

    def warn(self) -> None:
        """Tell the client that it sends too many messages."""


class SocketConnection:
    """Sends and receives text until either side closes. The WebSocket is accepted."""

    def __init__(self, socket: WebSocket, settings: RealtimeSettings, metrics: RealtimeMetrics) -> None:
        self._socket = socket
        self._settings = settings
        self._metrics = metrics
        self._queue: deque[str] = deque()
        self._bytes = 0
        self._wake = asyncio.Event()
        self._ending: tuple[int, str] | None = None

    @property
    def closing(self) -> bool:
        """Whether the server has decided to close."""
        return self._ending is not None

    def send(self, text: str) -> None:
        """Queue a message. A client that reads too slowly is disconnected: it resumes from its last position."""
        if self._ending is not None:
            return
        self._bytes += len(text)
        if len(self._queue) >= self._settings.queue_messages or self._bytes > self._settings.queue_bytes:
            self._metrics.dropped.labels(SLOW_CLIENT).inc()
            self._queue.clear()
            self.close(TRY_AGAIN_LATER, "slow_client")
            return
        self._queue.append(text)
        self._wake.set()

    def close(self, code: int, reason: str) -> None:
        """See ``LiveConnection``; the first decision stays."""
        if self._ending is None:
            self._ending = code, reason
            self._wake.set()

    async def run(self, handler: MessageHandler) -> None:
        """Serve the connection until it is closed by either side. Never raises."""
        reader = asyncio.create_task(self._read(handler))
        writer = asyncio.create_task(self._write())
        try:
            await asyncio.wait({reader, writer}, return_when=asyncio.FIRST_COMPLETED)
            if self.closing and not writer.done():
                # Whatever is queued is sent before the code.
                await asyncio.wait({writer}, timeout=self._settings.send_timeout + _CLOSE_SECONDS)
        finally:
            reader.cancel()
            writer.cancel()
            await asyncio.gather(reader, writer, return_exceptions=True)

    async def _read(self, handler: MessageHandler) -> None:
        settings = self._settings
        bucket = TokenBucket(
            settings.messages_per_second, settings.message_burst, settings.message_burst // 2, time.monotonic()
        )
        while not self.closing:
            # Not `receive_text`, which raises for binary data, and then the connection ends without a code.
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            text = message.get("text")
            if text is None:
                self.close(UNSUPPORTED_DATA, "text_only")
                return
            verdict = bucket.take(time.monotonic())
            if verdict is Verdict.ALLOWED:
                await self._guarded(handler.receive(text))
                continue
            self._metrics.dropped.labels(RATE).inc()
            if verdict is Verdict.WARNED:
                handler.warn()
            elif verdict is Verdict.REFUSED:
                self.close(TOO_MANY_MESSAGES, "too_many_messages")

    async def _guarded(self, handling: Awaitable[None]) -> None:
        try:
            await handling
        except DomainError as error:
            _LOG.warning("websocket_message_failed", error=error.code)
            self.close(TRY_AGAIN_LATER, error.code)
        except Exception as error:  # noqa: BLE001 - the connection ends with a code; the error is logged
            _LOG.error("websocket_message_failed", exc_info=error)
            self.close(INTERNAL_ERROR, "internal_error")

    async def _write(self) -> None:
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._queue:
                    text = self._queue.popleft()
                    self._bytes -= len(text)
                    await self._in_time(self._socket.send_text(text))
                if self._ending is not None:
                    await self._in_time(self._socket.close(*self._ending))
                    return
        except (WebSocketDisconnect, TimeoutError, RuntimeError):
            # The client is gone, or does not read: the server's pings end the transport.
            return

    async def _in_time(self, sending: Awaitable[None]) -> None:
        async with asyncio.timeout(self._settings.send_timeout):
            await sending
