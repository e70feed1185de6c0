"""The layer that remembers who still uses a version that is on its way out."""

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
"""Refused before it was known who asked, or for what."""


class UsageMiddleware:
    """Notes consumer and operation of each request that came to a route: a dictionary's work, written down later."""

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
