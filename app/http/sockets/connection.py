"""One accepted WebSocket: text messages in both directions, with limits on their rate and on slow readers."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, Final

import structlog
from starlette.types import Receive, Send
from starlette.websockets import WebSocketDisconnect

from app.http.live.close_codes import CloseCode
from app.http.sockets.outbox import Outbox
from app.http.sockets.rate import TokenBucket

_SEND_SECONDS: Final = 10.0
"""How long one message may wait for the client to read."""
_LOG: Final = structlog.get_logger()
_GONE: Final = (OSError, TimeoutError, WebSocketDisconnect)
Handle = Callable[[str], Awaitable[None]]


class Closing(Exception):
    """Raised where a message is handled, to close the WebSocket after what waits was sent."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class SocketConnection:
    """Reads, handles and sends the messages of one WebSocket until either side closes it.

    Messages are handled one after another. While the outbox is full none is read, so a client that does not read its
    responses cannot send more.
    """

    def __init__(self, receive: Receive, send: Send, codes: Mapping[int, int] | None = None) -> None:
        """``codes`` replaces codes with which the process closes the WebSocket, for a version that has others."""
        self._receive = receive
        self._send = send
        self._codes = codes or {}
        self._bucket = TokenBucket(asyncio.get_running_loop().time())
        self._ending: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.outbox: Final = Outbox()

    def close(self, code: int, reason: str) -> None:
        """See ``LiveConnection``."""
        if not self._ending.done():
            self._ending.set_exception(Closing(self._codes.get(code, code), reason))
            # Retrieved, since the WebSocket may end in another way meanwhile.
            self._ending.exception()

    async def read(self) -> str | None:
        """The next text message; None after the client has closed. Raises ``Closing`` for a binary message."""
        message = await self._receive()
        if message["type"] != "websocket.receive":
            return None
        text: str | None = message.get("text")
        if text is None:
            raise Closing(CloseCode.UNSUPPORTED_DATA, "binary messages are not supported")
        return text

    async def run(self, handle: Handle, warning: str, *background: Coroutine[Any, Any, None]) -> None:
        """Handle every message, and run ``background`` meanwhile. A message beyond the rate gets ``warning``.

        Never raises: an unexpected error is logged, and closes the WebSocket.
        """
        closing: Closing | None = None
        tasks = [
            asyncio.create_task(each)
            for each in (self._read_all(handle, warning), self._write(), self._end(), *background)
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            closing = _closing(*done)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if closing is not None:
            await self.finish(closing)

    async def finish(self, closing: Closing) -> None:
        """Send what waits and the close frame, for as long as one message may take."""
        try:
            async with asyncio.timeout(_SEND_SECONDS):
                while not self.outbox.empty:
                    await self._send({"type": "websocket.send", "text": await self.outbox.take()})
                await self._send({"type": "websocket.close", "code": int(closing.code), "reason": closing.reason})
        except _GONE:
            # The client is gone, or does not read. The server ends the transport.
            return

    async def _end(self) -> None:
        await self._ending

    async def _read_all(self, handle: Handle, warning: str) -> None:
        clock = asyncio.get_running_loop().time
        while (text := await self.read()) is not None:
            if self._bucket.take(clock()):
                await handle(text)
            elif self._bucket.exhausted:
                raise Closing(CloseCode.TOO_MANY_MESSAGES, "too many messages")
            else:
                await self.outbox.put(warning)

    async def _write(self) -> None:
        while True:
            text = await self.outbox.take()
            async with asyncio.timeout(_SEND_SECONDS):
                await self._send({"type": "websocket.send", "text": text})


def _closing(*done: asyncio.Task[None]) -> Closing | None:
    """How a WebSocket ends whose first tasks are done; None if the client closed it or does not read."""
    for task in done:
        error = task.exception()
        if isinstance(error, Closing):
            return error
        if error is not None and not isinstance(error, _GONE):
            _LOG.error("websocket_failed", exc_info=error)
            return Closing(CloseCode.INTERNAL_ERROR, "internal error")
    return None
