"""The instruments of usage evidence."""

from typing import Final

from observability.metrics.metrics import Metrics

DROPS: Final = ("capped", "queue_full", "too_large", "unreadable", "failed", "shutdown", "no_room")
"""Why a sampled request is not in the evidence."""
_STRATA: Final = ("first", "random")


class EvidenceMetrics:
    """Counts samples, and measures those that wait and how long they have not been written."""

    def __init__(self, metrics: Metrics) -> None:
        self._sampled = metrics.counter(
            "api_usage_evidence_samples", "Requests that were summarised as evidence of usage.", ("stratum",)
        )
        self._dropped = metrics.counter(
            "api_usage_evidence_dropped", "Sampled requests that are missing from the evidence.", ("reason",)
        )
        self.lag = metrics.gauge(
            "api_usage_evidence_lag_seconds", "Seconds since the oldest evidence that is not written.", (), "max"
        ).labels()
        self.written = metrics.gauge(
            "api_usage_evidence_written_timestamp", "When evidence was last written, in Unix seconds.", (), "min"
        ).labels()
        self.waiting = metrics.gauge(
            "api_usage_evidence_waiting", "Sampled requests that wait to be summarised.", ()
        ).labels()
        # A counter that appears with its first drop would show no increase.
        for stratum in _STRATA:
            self._sampled.labels(stratum)
        for reason in DROPS:
            self._dropped.labels(reason)

    def count_sampled(self, *, random: bool) -> None:
        """Count a request that was summarised."""
        self._sampled.labels(_STRATA[random]).inc()

    def count_dropped(self, reason: str, times: int = 1) -> None:
        """Count sampled requests that are lost. ``reason`` is one of ``DROPS``."""
        self._dropped.labels(reason).inc(times)
