"""The instruments of usage."""

from collections.abc import Iterable
from typing import Final

from app.plans.names import DEFAULT
from app.usage.views import PlanConsumers
from observability.metrics.metrics import Metrics

MOST_PLANS: Final = 20
"""The plans of a version with series of their own."""
OTHER: Final = "other"
"""The plan of the consumers on all further plans."""


class UsageMetrics:
    """Counts the usage that one process had no room for."""

    def __init__(self, metrics: Metrics) -> None:
        self.dropped = metrics.counter("api_version_usage_dropped", "Requests whose usage was not written down.")


class ConsumerMetrics:
    """The numbers of consumers of each version. Every process exposes the same ones, which a worker counted."""

    def __init__(self, metrics: Metrics) -> None:
        labels = ("api_version", "plan")
        self._consumers = metrics.gauge(
            "api_version_consumers", "Consumers that used the version in the last 30 days.", labels, "max"
        )
        self._breaking = metrics.gauge(
            "api_version_expected_breakages", "Consumers that would break if the version ended now.", labels, "max"
        )
        self._counted = metrics.gauge(
            "api_version_consumers_counted_timestamp", "When the consumers were counted, in Unix seconds.", (), "max"
        ).labels()
        self._shown: set[tuple[str, str]] = set()

    def start_at_zero(self, versions: Iterable[str]) -> None:
        """Create a series for each version."""
        for version in versions:
            self._shown.add((version, DEFAULT))
        self.set(())

    def set(self, found: Iterable[PlanConsumers]) -> None:
        """Expose the numbers. Pairs of version and plan without a number from now on become 0."""
        rows = sorted(found, key=lambda row: (-row.consumers, row.plan))
        sums = dict.fromkeys(self._shown, (0, 0))
        plans: dict[str, set[str]] = {}
        for row in rows:
            own = plans.setdefault(row.api_version, set())
            plan = row.plan if row.plan in own or len(own) < MOST_PLANS else OTHER
            own.add(plan)
            consumers, breaking = sums.get((row.api_version, plan), (0, 0))
            sums[row.api_version, plan] = consumers + row.consumers, breaking + row.breaking
        for key, (consumers, breaking) in sums.items():
            self._consumers.labels(*key).set(consumers)
            self._breaking.labels(*key).set(breaking)
        self._shown = set(sums)
        if rows:
            self._counted.set(max(row.counted_at for row in rows).timestamp())
