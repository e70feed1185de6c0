"""The instrument of load shedding."""

from collections.abc import Iterable

from observability.metrics.metrics import Metrics


class LoadSheddingMetrics:
    """Counts requests that were rejected because the process is at capacity."""

    def __init__(self, metrics: Metrics) -> None:
        self.shed = metrics.counter(
            "http_server_shed_requests", "Requests sent away with 503, since too many were under way.", ("api_version",)
        )

    def start_at_zero(self, versions: Iterable[str]) -> None:
        """Create the series of every version with the value 0: ``rate()`` misses an increment from absent to 1."""
        for version in versions:
            self.shed.labels(version)
