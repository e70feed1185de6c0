"""The instruments of usage."""

from observability.metrics.metrics import Metrics


class UsageMetrics:
    """Counts the usage that one process had no room for."""

    def __init__(self, metrics: Metrics) -> None:
        self.dropped = metrics.counter("api_version_usage_dropped", "Requests whose usage was not written down.")
