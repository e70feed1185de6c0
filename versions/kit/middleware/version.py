"""The outermost layer of a version: what leaves it speaks the version's own language, whatever has happened inside."""

from collections.abc import Callable
from typing import Final

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.http.rate_limit.admission import charge_address, decision_of
from app.http.rate_limit.limits import QuotaExceeded
from app.http.state import state_of
from observability.rate_limit.headers import Dialect
from observability.requests.context import current
from versions.kit.lifecycle_headers import lifecycle_headers
from versions.kit.version import ApiVersion

Renderer = Callable[[Request, Exception], Response]
"""Makes a version's error response from any exception."""
_LOG: Final = structlog.get_logger()
_START: Final = "http.response.start"


class VersionMiddleware:
    """Renders what escapes the application, and adds to every response what a version tells beside its answer.

    That is the state of the caller's quota, the life of the version, and what is deprecated of what was used: when the
    response starts, all three are known, whoever decided them. Who has come to no route by then (a path that is not
    there, a method that is not, a body too large) is charged now, or credentials would make all of that free.

    A 500 is logged here, once, with its traceback: Starlette's own last resort would answer in plain text and raise
    again, so that the server logs it twice.
    """

    def __init__(self, app: ASGIApp, *, version: ApiVersion, dialect: Dialect, render: Renderer) -> None:
        self._app = app
        self.render = render
        self._life = [(name.encode(), value.encode()) for name, value in lifecycle_headers(version).items()]
        self._quota = dialect.fields

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(self, scope, receive, send)
        try:
            await self._app(scope, receive, answer.send)
        except Exception as error:
            response = self.render(Request(scope), error)
            if response.status_code >= 500:  # noqa: PLR2004 - the class of our own failures
                _LOG.error("request_failed", exc_info=error)
            if current(scope).response_started:
                # The head is out; only cutting the connection tells the client that the body is not whole.
                raise
            await response(scope, receive, answer.send)

    def headers(self, scope: Scope) -> list[tuple[bytes, bytes]]:
        """What is added to the response of a request that has been charged."""
        return [*self._quota(decision_of(scope)), *self._life, *state_of(scope).deprecation_headers]


class _Answer:
    """One response on its way out. An object, since a function that names itself is a cycle for each request."""

    __slots__ = ("_edge", "_receive", "_refused", "_scope", "_send")

    def __init__(self, edge: VersionMiddleware, scope: Scope, receive: Receive, send: Send) -> None:
        self._edge = edge
        self._scope = scope
        self._receive = receive
        self._send = send
        self._refused = False

    async def send(self, message: Message) -> None:
        if message["type"] == _START:
            scope = self._scope
            if state_of(scope).decision is None and (refusal := await self._refusal()) is not None:
                await refusal(scope, self._receive, self.send)
                self._refused = True
                return
            message = {**message, "headers": [*message.get("headers", ()), *self._edge.headers(scope)]}
        if not self._refused:
            await self._send(message)

    async def _refusal(self) -> Response | None:
        """What takes the place of the answer to a request that nobody has charged, if the quota is used up."""
        try:
            await charge_address(self._scope, 1)
        except QuotaExceeded as error:
            return self._edge.render(Request(self._scope), error)
        return None
