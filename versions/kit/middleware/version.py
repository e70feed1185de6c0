"""The outermost middleware of a version: error rendering and the headers that every response carries."""

from http import HTTPStatus
from typing import Final

import structlog
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import DomainError
from app.http.caching import cache_headers, is_shared
from app.http.handshakes import method_of, request_of
from app.http.principal import has_credentials
from app.http.rate_limit.admission import admit_without_route
from app.http.rate_limit.limits import QuotaExceeded
from app.http.state import state_of
from app.kit.deadline import Deadline, DeadlineExceeded
from observability.rate_limit.headers import Dialect
from versions.kit.lifecycle_headers import lifecycle_headers
from versions.kit.rendering import Renderer, rendered
from versions.kit.version import ApiVersion

_LOG: Final = structlog.get_logger()
_STARTS: Final = frozenset({"http.response.start", "websocket.http.response.start", "websocket.accept"})


class VersionMiddleware:
    """Renders unhandled exceptions in the version's error format, and adds headers.

    These are the headers of rate limits, caching, lifecycle and deprecation.

    The headers are added when the response starts, because all are known by then. Requests that matched no route
    (404, 405, 413) are charged here: to their principal or, without valid credentials, to the client address.

    The handshake of a WebSocket is a request like others: until it is accepted, every failure is an HTTP response.

    The response starts before the deadline of ``timeout`` seconds, or is a 503.

    A 500 is logged here, once, with its traceback. Starlette's own handler would respond in plain text and raise the
    exception again, so that the server logs it a second time.
    """

    def __init__(
        self, app: ASGIApp, *, version: ApiVersion, dialect: Dialect, render: Renderer, timeout: float
    ) -> None:
        self._app = app
        self._timeout = timeout
        self.render = render
        self._lifecycle_headers = [
            (name.encode(), value.encode()) for name, value in lifecycle_headers(version).items()
        ]
        self._quota = dialect.fields
        self._shared_quota = dialect.shared_fields

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        deadline = Deadline(self._timeout)
        sender = _ResponseSender(self, scope, receive, send, deadline)
        try:
            with deadline:
                try:
                    await self._app(scope, receive, sender.send)
                except ClientDisconnect:
                    # Raised where the body is read, after the charge. `RequestContextMiddleware` records 499.
                    return
                except Exception as error:  # noqa: BLE001 - every error becomes a response of the version
                    # Within the deadline: an uncharged request is charged when the response starts.
                    await self._respond(error, scope, receive, sender)
        except DeadlineExceeded as error:
            await self._respond(error, scope, receive, sender)

    async def _respond(self, error: Exception, scope: Scope, receive: Receive, sender: "_ResponseSender") -> None:
        response = rendered(self.render, request_of(scope), error)
        if response.status_code == HTTPStatus.INTERNAL_SERVER_ERROR:
            _LOG.error("request_failed", exc_info=error)
        if sender.started:
            # The status line is sent. Only a closed connection shows the client that the body is incomplete.
            raise error
        await response(scope, receive, sender.send)

    def headers(self, scope: Scope, status: int) -> list[tuple[bytes, bytes]]:
        """The headers that are added to the response.

        A response that a shared cache may store has no header that belongs to one caller. A response to a request that
        was not charged has no quota, since none was looked up.
        """
        state, credentials = state_of(scope), has_credentials(scope)
        shared = is_shared(state.caching, method_of(scope), status, credentials=credentials)
        quota = self._shared_quota if shared else self._quota
        return [
            *(() if state.decision is None else quota(state.decision)),
            *cache_headers(state.caching, shared=shared, credentials=credentials),
            *self._lifecycle_headers,
            *state.deprecation_headers,
        ]


class _ResponseSender:
    """Sends one response. A class, because a closure that refers to itself is a reference cycle for each request."""

    __slots__ = ("_deadline", "_middleware", "_receive", "_rejected", "_scope", "_send", "started")

    def __init__(
        self, middleware: VersionMiddleware, scope: Scope, receive: Receive, send: Send, deadline: Deadline
    ) -> None:
        self._middleware = middleware
        self._scope = scope
        self._receive = receive
        self._send = send
        self._rejected = False
        self.started = False
        """Whether the response, or the acceptance of a WebSocket, was sent."""
        self._deadline = deadline

    async def send(self, message: Message) -> None:
        if message["type"] in _STARTS:
            scope = self._scope
            status = message.get("status", HTTPStatus.SWITCHING_PROTOCOLS)
            uncharged = state_of(scope).decision is None and status < HTTPStatus.INTERNAL_SERVER_ERROR
            if uncharged and (rejection := await self._rejection()) is not None:
                await rejection(scope, self._receive, self.send)
                self._rejected = True
                return
            self._deadline.end()
            self.started = True
            headers = self._middleware.headers(scope, status)
            message = {**message, "headers": [*message.get("headers", ()), *headers]}
        if not self._rejected:
            await self._send(message)

    async def _rejection(self) -> Response | None:
        """Charges a request that was not charged yet.

        Returns a 429 response if the quota is used up, and a 503 if the caller cannot be determined.
        """
        try:
            await admit_without_route(self._scope)
        except (QuotaExceeded, DomainError) as error:
            return rendered(self._middleware.render, request_of(self._scope), error)
        return None
