"""The instrument of deprecated operations, parameters and fields."""

from observability.metrics.metrics import Metrics


class DeprecationMetrics:
    """Counts uses of deprecated features."""

    def __init__(self, metrics: Metrics) -> None:
        self.uses = metrics.counter(
            "api_deprecated_uses",
            "Requests that used a deprecated operation, parameter or field.",
            ("api_version", "operation", "feature"),
        )
