"""Rejects requests beyond what a process can serve in good time, so that no request waits long."""

from starlette.types import ASGIApp, Receive, Scope, Send

from app.errors import Unavailable
from app.http.middleware.metrics import LoadSheddingMetrics
from app.http.runtime import Component, Runtime, runtime_of
from app.settings.http import HttpSettings


class Overloaded(Unavailable):
    code = "overloaded"
    detail = "More requests are under way than can be answered in good time. Try again in a moment."


class Capacity(Component):
    """How many requests the process may serve at once, and how many it serves now."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.in_use = 0

    @classmethod
    def build(cls, runtime: Runtime) -> "Capacity":
        """The capacity that the settings allow."""
        return cls(runtime.settings[HttpSettings].max_concurrent_requests)


class LoadSheddingMiddleware:
    """Raises ``Overloaded`` when the process already serves ``Capacity.limit`` requests, of whichever version.

    With an unbounded queue every response would be late; a rejection takes a hundredth of the time of a response and
    says when to retry. Nothing is charged, and the response shows no quota.
    """

    def __init__(self, app: ASGIApp, *, version: str) -> None:
        self._app = app
        self._version = version

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        runtime = runtime_of(scope)
        capacity = runtime.get(Capacity)
        if capacity.in_use >= capacity.limit:
            runtime.metrics.group(LoadSheddingMetrics).shed.labels(self._version).inc()
            raise Overloaded(retry_after=1)
        if scope["type"] == "websocket":
            # A WebSocket stays open for hours; it does not count as a request in progress.
            await self._app(scope, receive, send)
            return
        capacity.in_use += 1
        try:
            await self._app(scope, receive, send)
        finally:
            capacity.in_use -= 1
