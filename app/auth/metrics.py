"""The instrument of authentication. Its failures show guessing of passwords and keys."""

from observability.metrics.metrics import Metrics


class AuthMetrics:
    """Implements ``app.auth.attempts.Attempts``."""

    def __init__(self, metrics: Metrics) -> None:
        self._attempts = metrics.counter("auth_attempts", "Attempts to authenticate.", ("outcome", "method"))

    def record(self, outcome: str, method: str) -> None:
        """Count one attempt. Both names come from the code, never from a caller."""
        self._attempts.labels(outcome, method).inc()
