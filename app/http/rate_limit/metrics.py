"""The instruments of rate limiting."""

from observability.metrics.metrics import Metrics
from observability.redis.circuit import REASONS


class RateLimitMetrics:
    """Counts decisions by policy, and decisions made without Redis. Implements ``FallbackMetrics``."""

    def __init__(self, metrics: Metrics) -> None:
        self.decisions = metrics.counter(
            "api_rate_limit_decisions", "Requests weighed against a policy.", ("policy", "decision")
        )
        self._fallback = metrics.gauge(
            "api_rate_limit_fallback", "1 while a process counts alone because Redis does not answer.", (), "max"
        ).labels()
        fallbacks = metrics.counter(
            "api_rate_limit_fallbacks", "Decisions that a process made alone because Redis did not reply.", ("reason",)
        )
        self._fallbacks = {reason: fallbacks.labels(reason) for reason in REASONS}

    def circuit_changed(self, *, is_open: bool) -> None:
        """See ``FallbackMetrics``."""
        self._fallback.set(is_open)

    def decided_locally(self, reason: str) -> None:
        """See ``FallbackMetrics``."""
        self._fallbacks[reason].inc()
