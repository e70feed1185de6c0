"""Attempts to authenticate, counted for those who watch for guessing."""

from observability.metrics.metrics import Metrics


class AuthAttempts:
    """Implements ``app.auth.attempts.Attempts``."""

    def __init__(self, metrics: Metrics) -> None:
        self._attempts = metrics.auth_attempts

    def record(self, outcome: str, method: str) -> None:
        self._attempts.labels(outcome, method).inc()
