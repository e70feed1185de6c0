"""The RED histogram (rate, errors, duration), the requests in flight, who called, and how much they sent."""

from typing import Final

from prometheus_fastapi_instrumentator.metrics import Info, request_size
from starlette.requests import Request
from starlette.types import Scope

from observability.metrics.metrics import NO_VERSION, Metrics
from observability.requests.context import FAILED, RequestContext, Requests
from observability.requests.routes import OTHER_METHOD

_KEY: Final = "metrics"
_BODILESS: Final = frozenset({"GET", "HEAD", OTHER_METHOD})
"""Methods whose bodies mean nothing, and those that nobody knows."""


class RequestMetrics:
    """Counts every HTTP request, whatever becomes of it.

    What bodies weigh is counted by ``prometheus-fastapi-instrumentator``'s closure, for requests that have one, with
    labels of ours: see ADR 11.
    """

    def __init__(self, *, metrics: Metrics) -> None:
        self._metrics = metrics
        self._count_body = request_size(
            "http_server_request_body_size_bytes",
            "Bytes of request bodies, as announced by Content-Length.",
            should_include_status=False,
            registry=metrics.others,
        )

    def on_start(self, scope: Scope, context: RequestContext) -> None:
        """See ``RequestListener``."""
        scope["state"][_KEY] = self._metrics
        self._metrics.active_requests.labels(context.api_version or NO_VERSION).inc()

    def on_end(self, requests: Requests) -> None:
        """See ``RequestListener``."""
        for scope, context in requests:
            self._count(scope, context)

    def _count(self, scope: Scope, context: RequestContext) -> None:
        self._metrics.active_requests.labels(context.api_version or NO_VERSION).dec()
        status = context.status or FAILED
        self._metrics.observe_request(context, status)
        method = context.method
        if self._count_body is not None and method not in _BODILESS and _announces_body(scope):
            self._count_body(Info(Request(scope), None, method, context.route, str(status), context.duration))


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
