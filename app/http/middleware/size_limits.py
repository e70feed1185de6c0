"""Limits the size of headers and bodies, and the time in which a body must arrive."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, replace
from typing import Final, Self

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import DomainError, ErrorKind
from app.http.state import state_of
from app.http.transfers import Transfer
from app.kit.deadline import current_deadline
from app.settings.http import HttpSettings

_BODY: Final = "http.request"
_LONGEST_CREDIT: Final = 60.0
"""Seconds for which a client may send nothing, as far as the lowest rate is concerned, after it sent more."""


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


@dataclass(frozen=True, slots=True)
class HeadLimits:
    """The limits on the request target, in bytes, and on the header fields, in bytes and by number."""

    target: int
    headers: int
    fields: int

    @classmethod
    def of(cls, http: HttpSettings) -> Self:
        """The limits that the settings state."""
        return cls(http.max_target_bytes, http.max_header_bytes, http.max_header_fields)

    def ensure_within(self, scope: Scope) -> int:
        """Return the announced size of the body. Raises ``HeadersTooLarge``."""
        headers = scope["headers"]
        if len(headers) > self.fields:
            message = f"The request has more than {self.fields} header fields."
            raise HeadersTooLarge(message)
        if len(scope["path"]) + len(scope["query_string"]) > self.target:
            message = f"The path and the query are longer than {self.target} bytes."
            raise HeadersTooLarge(message)
        size = 0
        announced = 0
        for name, value in headers:
            size += len(name) + len(value) + 4
            if name == b"content-length" and value.isdigit():
                announced = int(value)
        if size > self.headers:
            raise HeadersTooLarge
        return announced


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """The largest body in bytes, the longest pause in seconds, and the lowest average rate in bytes a second."""

    size: int
    timeout: float
    rate: int

    @classmethod
    def of(cls, http: HttpSettings) -> Self:
        """The limits that the settings state."""
        return cls(http.max_body_bytes, http.body_timeout, http.min_body_rate)

    def of_transfer(self, transfer: Transfer | None) -> Self:
        """The limits of a request that is a transfer, or of another one."""
        if transfer is None:
            return self
        return replace(self, size=self.size if transfer.max_body is None else transfer.max_body, rate=transfer.min_rate)


class RequestSizeLimitMiddleware:
    """Raises ``HeadersTooLarge`` at once, ``BodyTooLarge`` and ``BodyTimeout`` where the body is read.

    The limits of a transfer were found before, by path and method (``RequestState.transfer``).

    Bytes are counted as they arrive, so a missing or false Content-Length does not bypass the limit. The protocol
    limits heads that are incomplete.
    """

    def __init__(self, app: ASGIApp, *, head: HeadLimits, body: BodyLimits) -> None:
        self._app = app
        self._head = head
        self._body = body

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] == "websocket":
            self._head.ensure_within(scope)
        if scope["type"] != "http":
            return self._app(scope, receive, send)
        limits = self._body.of_transfer(state_of(scope).transfer)
        if self._head.ensure_within(scope) > limits.size:
            raise BodyTooLarge
        return self._app(scope, _BoundedReceive(receive, limits), send)


class _BoundedReceive:
    __slots__ = ("_credit", "_left", "_limits", "_reading", "_receive")

    def __init__(self, receive: Receive, limits: BodyLimits) -> None:
        self._receive = receive
        self._limits = limits
        self._left = limits.size
        self._reading = True
        self._credit = limits.timeout
        """Seconds that the client may still let pass without falling below the lowest rate."""

    async def __call__(self) -> Message:
        if not self._reading:
            # After the body, the only message is the disconnect, which has no time limit.
            return await self._receive()
        deadline = current_deadline()
        if deadline is not None:
            deadline.pause()
        clock = asyncio.get_running_loop().time
        began = clock()
        try:
            async with asyncio.timeout(self._patience()):
                message = await self._receive()
        except TimeoutError:
            raise BodyTimeout from None
        finally:
            self._credit -= clock() - began
            if deadline is not None:
                deadline.resume()
        if message["type"] == _BODY:
            size = len(message.get("body", b""))
            self._left -= size
            self._earn(size)
            if self._left < 0:
                raise BodyTooLarge
            self._reading = message.get("more_body", False)
        return message

    def _earn(self, size: int) -> None:
        """Bytes beyond the lowest rate buy time, but not hours."""
        if self._limits.rate:
            highest = max(self._limits.timeout, _LONGEST_CREDIT)
            self._credit = min(highest, self._credit + size / self._limits.rate)

    def _patience(self) -> float:
        """Seconds to wait for the next part: without a lowest rate, one byte per pause would last for ever."""
        limits = self._limits
        return min(limits.timeout, max(0.0, self._credit)) if limits.rate else limits.timeout
