"""What is counted, in a registry that belongs to one application."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
"""Seconds; those of OpenTelemetry's semantic conventions for ``http.server.request.duration``."""
NO_VERSION: Final = "none"
"""The ``api_version`` of whatever lies outside of every version."""


class Metrics:
    """The instruments of one application. Each keeps the children that it has handed out: ``labels()`` is slow."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._duration = Histogram(
            "http_server_request_duration_seconds",
            "Seconds from the arrival of a request to the last byte of its response.",
            ("api_version", "http_route", "http_request_method", "http_response_status_code"),
            registry=self.registry,
            buckets=BUCKETS,
        )
        self._active = Gauge(
            "http_server_active_requests",
            "Requests being answered now.",
            ("api_version",),
            registry=self.registry,
        )
        self._auth_attempts = Counter(
            "auth_attempts_total",
            "Attempts to authenticate.",
            ("outcome", "method"),
            registry=self.registry,
        )
        self._spans_exported = Counter(
            "trace_spans_exported_total",
            "Spans that the collector, or the local ring, has taken.",
            registry=self.registry,
        )
        self._spans_dropped = Counter(
            "trace_spans_dropped_total",
            "Spans that were to be kept and are lost.",
            ("reason",),
            registry=self.registry,
        )
        self._duration_children: dict[tuple[str | None, str, str, int], Histogram] = {}
        self._active_children: dict[str | None, Gauge] = {}

    def observe_request(self, version: str | None, route: str, method: str, status: int, seconds: float) -> None:
        """Count one finished request. Every label must come from a small set: see ``observability.routes``."""
        labels = (version, route, method, status)
        child = self._duration_children.get(labels)
        if child is None:
            child = self._duration.labels(version or NO_VERSION, route, method, status)
            self._duration_children[labels] = child
        child.observe(seconds)

    def active_requests(self, version: str | None) -> Gauge:
        """The gauge of requests in flight in a version."""
        child = self._active_children.get(version)
        if child is None:
            child = self._active_children[version] = self._active.labels(version or NO_VERSION)
        return child

    def count_auth_attempt(self, outcome: str, method: str) -> None:
        """Count an attempt. Both are names from the code (``success``, ``password``), never what a caller sent."""
        self._auth_attempts.labels(outcome, method).inc()

    def count_spans_exported(self, spans: int) -> None:
        """Count spans that arrived."""
        self._spans_exported.inc(spans)

    def count_spans_dropped(self, reason: str, spans: int) -> None:
        """Count spans that are lost. ``reason`` is a name from the code."""
        self._spans_dropped.labels(reason).inc(spans)
