"""The RED histogram (rate, errors, duration), the requests in flight, who called, and how much they sent."""

from typing import Final

from prometheus_fastapi_instrumentator.metrics import Info, request_size
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from observability.context import FAILED, RequestContext, current
from observability.metrics import NO_VERSION, Metrics
from observability.routes import OTHER_METHOD, method

_KEY: Final = "metrics"


class RequestMetrics:
    """Counts every HTTP request, whatever becomes of it.

    What bodies weigh is counted by ``prometheus-fastapi-instrumentator``'s closure, for requests that have one, with
    labels of ours: see ADR 4.
    """

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics
        self._count_body = request_size(
            "http_server_request_body_size_bytes",
            "Bytes of request bodies, as announced by Content-Length.",
            should_include_status=False,
            registry=metrics.others,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        context = current(scope)
        scope["state"][_KEY] = self._metrics
        active = self._metrics.active_requests.labels(context.api_version or NO_VERSION)
        active.inc()
        try:
            await self._app(scope, receive, send)
        finally:
            active.dec()
            self._count(scope, context)

    def _count(self, scope: Scope, context: RequestContext) -> None:
        seconds = context.finish(scope)
        name, status = method(scope), context.status or FAILED
        self._metrics.observe_request(context, name, status, seconds)
        if self._count_body is not None and name != OTHER_METHOD and _announces_body(scope):
            self._count_body(Info(Request(scope), None, name, context.route, str(status), seconds))


def metrics_of(scope: Scope) -> Metrics:
    """The instruments of the application that answers this request. Raises ``LookupError`` outside of one."""
    metrics: Metrics | None = scope.get("state", {}).get(_KEY)
    if metrics is None:
        message = "no metrics: is RequestMetrics installed?"
        raise LookupError(message)
    return metrics


def _announces_body(scope: Scope) -> bool:
    """Whether there is one Content-Length, and it is a number; what else clients send is refused by the server."""
    lengths = [value for name, value in scope["headers"] if name == b"content-length"]
    return len(lengths) == 1 and lengths[0].isdigit() and len(lengths[0]) < 16  # noqa: PLR2004 - far above any bound
