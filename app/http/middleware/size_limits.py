"""Limits the size of headers and bodies, and the time in which a body must arrive."""

import asyncio
from collections.abc import Awaitable
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import DomainError, ErrorKind
from app.kit.deadline import current_deadline

_BODY: Final = "http.request"


class BodyTooLarge(DomainError):
    code = "body_too_large"
    kind = ErrorKind.TOO_LARGE
    detail = "The body is larger than this operation accepts."


class HeadersTooLarge(DomainError):
    code = "headers_too_large"
    kind = ErrorKind.HEADERS_TOO_LARGE
    detail = "The request's header fields are too large."


class BodyTimeout(DomainError):
    code = "body_timeout"
    kind = ErrorKind.BODY_TIMEOUT
    detail = "The body did not arrive in time."


class RequestSizeLimitMiddleware:
    """Raises ``HeadersTooLarge`` at once, ``BodyTooLarge`` and ``BodyTimeout`` where the body is read.

    Bytes are counted as they arrive, so a missing or false Content-Length does not bypass the limit.
    """

    def __init__(self, app: ASGIApp, *, max_body: int, max_headers: int, body_timeout: float) -> None:
        self._app = app
        self._max_body = max_body
        self._max_headers = max_headers
        self._body_timeout = body_timeout

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] != "http":
            return self._app(scope, receive, send)
        size = 0
        announced = 0
        for name, value in scope["headers"]:
            size += len(name) + len(value) + 4
            if name == b"content-length" and value.isdigit():
                announced = int(value)
        if size > self._max_headers:
            raise HeadersTooLarge
        if announced > self._max_body:
            raise BodyTooLarge
        return self._app(scope, _BoundedReceive(receive, self._max_body, self._body_timeout), send)


class _BoundedReceive:
    __slots__ = ("_left", "_reading", "_receive", "_timeout")

    def __init__(self, receive: Receive, limit: int, timeout: float) -> None:
        self._receive = receive
        self._left = limit
        self._timeout = timeout
        self._reading = True

    async def __call__(self) -> Message:
        if not self._reading:
            # After the body, the only message is the disconnect, which has no time limit.
            return await self._receive()
        deadline = current_deadline()
        if deadline is not None:
            deadline.pause()
        try:
            async with asyncio.timeout(self._timeout):
                message = await self._receive()
        except TimeoutError:
            raise BodyTimeout from None
        finally:
            if deadline is not None:
                deadline.resume()
        if message["type"] == _BODY:
            self._left -= len(message.get("body", b""))
            if self._left < 0:
                raise BodyTooLarge
            self._reading = message.get("more_body", False)
        return message
