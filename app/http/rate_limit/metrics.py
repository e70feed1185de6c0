"""The instruments of rate limiting."""

from observability.metrics.metrics import Metrics


class RateLimitMetrics:
    """Counts decisions by policy, and shows whether a process counts alone."""

    def __init__(self, metrics: Metrics) -> None:
        self.decisions = metrics.counter(
            "api_rate_limit_decisions", "Requests weighed against a policy.", ("policy", "decision")
        )
        self.fallback = metrics.gauge(
            "api_rate_limit_fallback", "1 while a process counts alone because Redis does not answer.", (), "max"
        )
