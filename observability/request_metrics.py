"""The RED histogram (rate, errors, duration) and the requests in flight."""

from starlette.types import ASGIApp, Receive, Scope, Send

from observability.context import FAILED, current
from observability.metrics import Metrics
from observability.routes import method


class RequestMetrics:
    """Counts every HTTP request, whatever becomes of it."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        context = current(scope)
        active = self._metrics.active_requests(context.api_version)
        active.inc()
        try:
            await self._app(scope, receive, send)
        finally:
            active.dec()
            seconds = context.finish(scope)
            status = context.status or FAILED
            self._metrics.observe_request(context.api_version, context.route, method(scope), status, seconds)
