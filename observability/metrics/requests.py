"""The RED histogram (rate, errors, duration), requests in flight, requests by consumer, and body sizes."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import Final

from prometheus_fastapi_instrumentator.metrics import Info, request_size
from starlette.requests import Request
from starlette.types import Scope

from observability.metrics.metrics import NO_VERSION, Metrics
from observability.metrics.multiprocess.consumers import ANONYMOUS
from observability.metrics.registry import OUTCOMES
from observability.requests.context import CLIENT_GONE, FAILED, RequestContext, Requests
from observability.requests.routes import OTHER_METHOD

BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
"""Seconds; those of OpenTelemetry's semantic conventions for ``http.server.request.duration``."""
READ_LIMIT: Final = 0.25
"""Seconds within which a read must end; the objective of read latency."""
_NOT_IMPLEMENTED: Final = 501
"""The installation lacks what the client asks for. No repair of ours changes that, so it is an error of the client."""
RESULTS: Final = ("ok", "client_error", "rejected", "failed", "disconnected")
SPEEDS: Final = ("fast", "slow")
_READS: Final = frozenset({"GET", "HEAD"})
_BODILESS: Final = frozenset({"GET", "HEAD", OTHER_METHOD})
"""Methods whose bodies have no meaning, and unknown methods."""


class RequestMetrics:
    """The instruments of HTTP requests.

    ``prometheus-fastapi-instrumentator``'s closure counts the sizes of bodies, with our labels: see ADR 4.
    """

    def __init__(self, metrics: Metrics) -> None:
        self.duration = metrics.histogram(
            "http_server_request_duration_seconds",
            "Seconds from the arrival of a request to the last byte of its response.",
            ("api_version", "http_route", "http_request_method", "http_response_status_code"),
            BUCKETS,
        )
        self.active = metrics.gauge("http_server_active_requests", "Requests being answered now.", ("api_version",))
        self.deprecated = metrics.counter(
            "api_deprecated_requests", "Requests to a deprecated version.", ("api_version", "consumer_tier")
        )
        self._requests = metrics.counter(
            "api_requests", "Requests to a version, by their result.", ("api_version", "outcome")
        )
        self._reads = metrics.counter(
            "api_reads", "Reads from a version: fast within 250 ms, otherwise slow.", ("api_version", "outcome")
        )
        self.consumers = metrics.consumers
        self.count_body = request_size(
            "http_server_request_body_size_bytes",
            "Bytes of request bodies, as announced by Content-Length.",
            should_include_status=False,
            registry=metrics.others,
        )

    def start_at_zero(self, versions: Iterable[str]) -> None:
        """Create every series that an objective reads with the value 0.

        ``increase()`` misses the first sample of a series that appears with an error.
        """
        for version in versions:
            for result in RESULTS:
                self._requests.labels(version, result)
            for speed in SPEEDS:
                self._reads.labels(version, speed)

    def observe(self, context: RequestContext, status: int, deprecated: AbstractSet[str] = frozenset()) -> None:
        """Count one finished request. ``deprecated`` are the names of the deprecated versions."""
        version, seconds = context.api_version, context.duration
        series = self.duration.labels(version or NO_VERSION, context.route, context.method, status)
        if context.sampled:
            series.observe(seconds, context.trace_id, context.span_id)
        else:
            series.observe(seconds)
        if version is None:
            return
        self._requests.labels(version, result_of(status)).inc()
        if context.method in _READS:
            self._reads.labels(version, SPEEDS[seconds > READ_LIMIT]).inc()
        if self.consumers is not None:
            self.consumers.count(context.consumer, version, outcome(status), seconds=seconds)
        if version in deprecated:
            self.deprecated.labels(version, context.consumer_tier or ANONYMOUS).inc()


class RequestMetricsListener:
    """Counts every HTTP request, regardless of its result."""

    def __init__(self, *, metrics: RequestMetrics, deprecated: AbstractSet[str] = frozenset()) -> None:
        self._metrics = metrics
        self._active = metrics.active
        self._deprecated = deprecated

    def on_start(self, scope: Scope, context: RequestContext) -> None:  # noqa: ARG002 - of the protocol
        """See ``RequestListener``."""
        self._active.labels(context.api_version or NO_VERSION).inc()

    def on_end(self, requests: Requests) -> None:
        """See ``RequestListener``."""
        for scope, context in requests:
            self._count(scope, context)

    def _count(self, scope: Scope, context: RequestContext) -> None:
        self._active.labels(context.api_version or NO_VERSION).dec()
        status = context.status or FAILED
        self._metrics.observe(context, status, self._deprecated)
        method, count_body = context.method, self._metrics.count_body
        if count_body is not None and method not in _BODILESS and _announces_body(scope):
            count_body(Info(Request(scope), None, method, context.route, str(status), context.duration))


def result_of(status: int) -> str:
    """The ``outcome`` label of ``api_requests_total``."""
    if status < 400:  # noqa: PLR2004 - the first error status
        return "ok"
    if status >= FAILED and status != _NOT_IMPLEMENTED:
        return "failed"
    if status == 429:  # noqa: PLR2004 - Too Many Requests
        return "rejected"
    return "disconnected" if status == CLIENT_GONE else "client_error"


def outcome(status: int) -> str:
    """The ``outcome`` label of a consumer's request."""
    if status < 400:  # noqa: PLR2004 - the first error status
        return OUTCOMES[0]
    if status == 429:  # noqa: PLR2004 - Too Many Requests
        return OUTCOMES[1]
    return OUTCOMES[2] if status < FAILED or status == _NOT_IMPLEMENTED else OUTCOMES[3]


def _announces_body(scope: Scope) -> bool:
    """Whether there is exactly one numeric Content-Length. The server rejects all others."""
    lengths = [value for name, value in scope["headers"] if name == b"content-length"]
    return len(lengths) == 1 and lengths[0].isdigit() and len(lengths[0]) < 16  # noqa: PLR2004 - far above any bound
