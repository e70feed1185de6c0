"""The instruments of the response cache."""

from collections.abc import Iterable
from typing import Final

from observability.metrics.metrics import Metrics
from observability.redis.circuit import REASONS

HIT: Final = "hit"
MISS: Final = "miss"
COLLAPSED: Final = "collapsed"
_OUTCOMES: Final = (HIT, MISS, COLLAPSED)
UNREADABLE: Final = "unreadable"
"""A value that this server did not write."""


class CacheMetrics:
    """Look-ups by version and outcome, the responses in memory, invalidations, and failures of Redis."""

    def __init__(self, metrics: Metrics) -> None:
        self.lookups = metrics.counter(
            "response_cache_lookups",
            "Anonymous reads that looked into the response cache; collapsed: they waited for an equal read.",
            ("api_version", "outcome"),
        )
        self.bytes = metrics.gauge("response_cache_bytes", "Bytes of the responses in memory.", ()).labels()
        self.evictions = metrics.counter(
            "response_cache_evictions", "Responses that left memory to make room for others."
        ).labels()
        self.invalidations = metrics.counter(
            "response_cache_invalidations", "Tags that events invalidated in a process that uses them."
        ).labels()
        failures = metrics.counter(
            "response_cache_failures", "Uses of the response cache for which Redis was no help, by reason.", ("reason",)
        )
        self.failures = {reason: failures.labels(reason) for reason in (*REASONS, UNREADABLE)}
        self.circuit = metrics.gauge(
            "response_cache_circuit_open", "1 while a process does not ask Redis, since it does not reply.", (), "max"
        ).labels()

    def start_at_zero(self, versions: Iterable[str]) -> None:
        """Create the series of every version with the value 0: ``rate()`` misses an increment from absent to 1."""
        for version in versions:
            for outcome in _OUTCOMES:
                self.lookups.labels(version, outcome)
