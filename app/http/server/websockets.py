"""uvicorn's WebSocket protocol, with complete responses to rejected handshakes."""

from collections.abc import Sequence
from typing import Any, Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from app.http.server.rejections import HEAD_TOO_LARGE, INVALID_HANDSHAKE, Rejection

MAX_FIELDS: Final = 128
"""The limits of ``websockets`` (``websockets.http11``), on header fields and on bytes of a line."""
MAX_LINE: Final = 8192
_BODY_FIELDS: Final = frozenset({b"content-length", b"transfer-encoding"})
_LINE_OVERHEAD: Final = len(b"GET  HTTP/1.1\r\n")


def invalid_handshake(method: str, target: bytes, headers: Sequence[tuple[bytes, bytes]]) -> Rejection | None:
    """Why ``websockets`` would reject a handshake, which it does without a response."""
    if method != "GET" or any(name in _BODY_FIELDS for name, _ in headers):
        return INVALID_HANDSHAKE
    longest = max((len(name) + len(value) for name, value in headers), default=0)
    if len(headers) > MAX_FIELDS or max(longest, len(target)) + _LINE_OVERHEAD > MAX_LINE:
        return HEAD_TOO_LARGE
    return None


class HandshakeWebSocketProtocol(WebSocketsSansIOProtocol):
    """Closes the connection after an invalid handshake, and takes an HTTP response for the end of a handshake.

    uvicorn leaves the first open for ever, and logs an error after the second.
    """

    async def send(self, message: Any) -> None:
        """See uvicorn."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body", False):
            self.handshake_complete = True

    def handle_parser_exception(self) -> None:
        """See uvicorn."""
        if self.conn.close_sent is not None:
            super().handle_parser_exception()
            return
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.transport.close()
