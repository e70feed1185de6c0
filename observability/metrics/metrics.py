"""What is counted.

To add an instrument, add one attribute to ``Metrics``: ``self._counter(name, help, *labels)``, ``_gauge`` or
``_histogram``; a counter is named without ``_total``. Whoever counts calls ``instrument.labels(...)``, a look-up in a
dictionary, and then ``inc``, ``set`` or ``observe``. Every value of a label comes from a small set that the code knows:
what a client chooses is never one. What another library counts with prometheus_client goes into ``Metrics.others``.
"""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, ProcessCollector

from observability.config import VersionFacts
from observability.metrics.multiprocess.aggregation import SingleProcessMetrics, WorkerMetrics
from observability.metrics.multiprocess.bridge import PrometheusBridge
from observability.metrics.multiprocess.consumers import ANONYMOUS
from observability.metrics.multiprocess.instruments import (
    Counter,
    CounterChild,
    Gauge,
    GaugeChild,
    Histogram,
    HistogramChild,
    Instrument,
)
from observability.metrics.multiprocess.layout import Family, Merge
from observability.metrics.registry import OUTCOMES, Readout, consumer_table
from observability.requests.context import RequestContext

BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
"""Seconds; those of OpenTelemetry's semantic conventions for ``http.server.request.duration``."""
FINE_BUCKETS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Seconds; for what is part of a request: a statement, a wait for a connection, a late event loop."""
JOB_BUCKETS: Final = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0)
NO_VERSION: Final = "none"
"""The ``api_version`` of whatever lies outside of every version."""
CONSUMER_SERIES: Final = 1000
_VERDICTS: Final = ("conforms", "violates")


class Metrics:
    """The instruments of one process of one application.

    With a ``folder``, the processes that count into it are told as one by each of them; without, this one stands alone.
    """

    def __init__(
        self, versions: Collection[str] = (), *, folder: Path | None = None, consumer_series: int = CONSUMER_SERIES
    ) -> None:
        process = SingleProcessMetrics() if folder is None else WorkerMetrics(folder)
        self._store = process.store
        self._consumers = consumer_table(versions, consumer_series, folder)
        self.others = CollectorRegistry()
        ProcessCollector(registry=self.others)
        self._mirror = PrometheusBridge(self._store, self.others)
        self.registry = Readout(process, self._consumers, self._mirror.copy).registry

        self.request_duration = self._histogram(
            "http_server_request_duration_seconds",
            "Seconds from the arrival of a request to the last byte of its response.",
            ("api_version", "http_route", "http_request_method", "http_response_status_code"),
            BUCKETS,
        )
        self.active_requests = self._gauge(
            "http_server_active_requests", "Requests being answered now.", ("api_version",)
        )
        self.shed_requests = self._counter(
            "http_server_shed_requests", "Requests sent away with 503, since too many were under way.", ("api_version",)
        )
        self.auth_attempts = self._counter("auth_attempts", "Attempts to authenticate.", ("outcome", "method"))
        self.idempotent_replays = self._counter(
            "api_idempotent_replays", "Answers given again for a known Idempotency-Key.", ("api_version", "http_route")
        )
        self.deprecated_requests = self._counter(
            "api_deprecated_requests", "Requests to a deprecated version.", ("api_version", "consumer_tier")
        )
        self.pool_in_use = self._gauge("db_pool_in_use", "Database connections lent out now.", ("pool",))
        self.pool_wait = self._histogram(
            "db_pool_wait_seconds", "Seconds until a connection was had.", ("pool",), FINE_BUCKETS
        )
        self.query_duration = self._histogram(
            "db_query_duration_seconds", "Seconds of one statement.", ("operation",), FINE_BUCKETS
        )
        self.loop_lag = self._histogram(
            "event_loop_lag_seconds", "Seconds by which the event loop was late.", (), FINE_BUCKETS
        )
        self.job_queue_depth = self._gauge("job_queue_depth", "Jobs that wait.", ("job",), "max")
        self.job_queue_oldest = self._gauge(
            "job_queue_oldest_seconds", "Seconds since the oldest job that waits became due.", ("job",), "max"
        )
        self.job_duration = self._histogram(
            "job_duration_seconds", "Seconds of one attempt.", ("job", "outcome"), JOB_BUCKETS
        )
        self.job_attempts = self._counter("job_attempts", "Attempts at jobs.", ("job", "outcome"))
        self.rate_limit_decisions = self._counter(
            "api_rate_limit_decisions", "Requests weighed against a policy.", ("policy", "decision")
        )
        self.rate_limit_fallback = self._gauge(
            "api_rate_limit_fallback", "1 while a process counts alone because Redis does not answer.", (), "max"
        )
        self.spans_exported = self._counter(
            "trace_spans_exported", "Spans that the collector, or the local ring, has taken."
        )
        self.spans_exported.labels()
        self.spans_dropped = self._counter(
            "trace_spans_dropped", "Spans that were to be kept and are lost.", ("reason",)
        )
        self.deprecated_uses = self._counter(
            "api_deprecated_uses",
            "Requests that used a deprecated operation, parameter or field.",
            ("api_version", "operation", "feature"),
        )
        self.usage_dropped = self._counter(
            "api_version_usage_dropped", "Uses of a deprecated version that were not written down."
        )
        self._version_info = self._gauge(
            "api_version_info", "1 for the status that a version has.", ("api_version", "status", "successor"), "max"
        )
        self._browned_out = self._gauge(
            "api_version_browned_out",
            "1 while a version does not answer, to rehearse its end.",
            ("api_version",),
            "max",
        )
        self._stages: dict[str, tuple[str, str]] = {}
        self.contract_checked = self._counter(
            "api_contract_checked",
            "Sampled requests and responses that were held against the frozen contract.",
            ("api_version", "direction", "outcome"),
        )
        self.contract_violations = self._counter(
            "api_contract_violations",
            "Ways in which they were not as promised.",
            ("api_version", "http_route", "direction", "rule"),
        )
        self.contract_dropped = self._counter(
            "api_contract_dropped", "Sampled exchanges that could not be judged.", ("reason",)
        )
        self._deprecated: frozenset[str] = frozenset()

    def describe_versions(self, versions: Sequence[VersionFacts]) -> None:
        """Tell the state and the dates of every version as values."""
        self._deprecated = frozenset(version.name for version in versions if version.deprecated)
        texts = {
            "released": "Its release, in Unix seconds.",
            "deprecated": "Its deprecation, in Unix seconds.",
            "sunset": "Its end, in Unix seconds.",
        }
        dates = {
            name: self._gauge(f"api_version_{name}_timestamp_seconds", text, ("api_version",), "max")
            for name, text in texts.items()
        }
        for version in versions:
            self.shed_requests.labels(version.name)
            self._stages[version.name] = version.status, version.successor or ""
            self.set_status(version.name, version.status, browned_out=False)
            for name, moment in version.dates():
                dates[name].labels(version.name).set(moment.timestamp())

    def set_status(self, version: str, status: str, *, browned_out: bool) -> None:
        """Tell the stage of a version that was described. ``browned_out``: it does not answer at present."""
        before, successor = self._stages[version]
        if before != status:
            self._version_info.labels(version, before, successor).set(0)
            self._stages[version] = status, successor
        self._version_info.labels(version, status, successor).set(1)
        self._browned_out.labels(version).set(browned_out)

    def observe_request(self, context: RequestContext, status: int) -> None:
        """Count one finished request."""
        version, seconds = context.api_version, context.duration
        series = self.request_duration.labels(version or NO_VERSION, context.route, context.method, status)
        if context.sampled:
            series.observe(seconds, context.trace_id, context.span_id)
        else:
            series.observe(seconds)
        if version is None:
            return
        if self._consumers is not None:
            self._consumers.count(context.consumer, version, outcome(status))
        if version in self._deprecated:
            self.deprecated_requests.labels(version, context.consumer_tier or ANONYMOUS).inc()

    def count_spans_exported(self, spans: int) -> None:
        """Count spans that arrived."""
        self.spans_exported.labels().inc(spans)

    def count_spans_dropped(self, reason: str, spans: int) -> None:
        """Count spans that are lost. ``reason`` is a name from the code."""
        self.spans_dropped.labels(reason).inc(spans)

    def expect_contract_checks(self, versions: Collection[str], reasons: Collection[str]) -> None:
        """Begin every series at zero: what grows from nothing shows no growth, and no data is not the same as none."""
        for version in versions:
            for direction in ("request", "response"):
                for outcome in _VERDICTS:
                    self.contract_checked.labels(version, direction, outcome)
        for reason in reasons:
            self.contract_dropped.labels(reason)

    def count_contract_checked(self, version: str, direction: str, *, conforms: bool) -> None:
        """Count a request or a response that was held against the contract of its version."""
        self.contract_checked.labels(version, direction, _VERDICTS[not conforms]).inc()

    def count_contract_violation(self, version: str, route: str, direction: str, rule: str) -> None:
        """Count a promise that was not kept. ``rule`` is a name from the code."""
        self.contract_violations.labels(version, route, direction, rule).inc()

    def count_contract_dropped(self, reason: str) -> None:
        """Count a sampled exchange that is not judged. ``reason`` is a name from the code."""
        self.contract_dropped.labels(reason).inc()

    def sample(self) -> None:
        """Let the other processes see what is not counted as it happens; to be called about once a second."""
        self._mirror.copy()
        if self._consumers is not None:
            self._consumers.flush()

    def _counter(self, name: str, text: str, labels: tuple[str, ...] = ()) -> Counter:
        return Instrument(self._store, Family(name, "counter", text, labels), CounterChild)

    def _gauge(self, name: str, text: str, labels: tuple[str, ...], merge: Merge = "sum") -> Gauge:
        return Instrument(self._store, Family(name, "gauge", text, labels, merge), GaugeChild)

    def _histogram(self, name: str, text: str, labels: tuple[str, ...], bounds: tuple[float, ...]) -> Histogram:
        return Instrument(self._store, Family(name, "histogram", text, labels, bounds=bounds), HistogramChild)


def outcome(status: int) -> str:
    """The outcome of a request, as consumers' requests are told apart."""
    if status < 400:  # noqa: PLR2004 - where errors begin
        return OUTCOMES[0]
    if status == 429:  # noqa: PLR2004 - Too Many Requests
        return OUTCOMES[1]
    return OUTCOMES[2] if status < 500 else OUTCOMES[3]  # noqa: PLR2004 - where ours begin
