"""Records which consumers still use a deprecated version."""

from http import HTTPStatus
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from app.http.lifecycle import LifecycleComponent
from app.http.runtime import runtime_of
from app.kit.clock import utc_now
from observability.requests.context import current

_NO_USE: Final = frozenset(
    {HTTPStatus.UNAUTHORIZED, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.GONE, HTTPStatus.TOO_MANY_REQUESTS}
)
"""Responses to requests that were rejected before the consumer or the operation was known."""


class UsageMiddleware:
    """Records consumer and operation of each request that matched a route: in memory, written to the database later."""

    def __init__(self, app: ASGIApp, *, version: str) -> None:
        self._app = app
        self._version = version

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)
        operation = getattr(scope.get("route"), "operation_id", None)
        if scope["type"] != "http" or operation is None:
            return
        context = current(scope)
        if context.status not in _NO_USE:
            usage = runtime_of(scope).get(LifecycleComponent).usage
            usage.record(self._version, operation, "", context.consumer, utc_now())
