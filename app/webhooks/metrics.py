"""The instruments of webhooks."""

from typing import Final

from app.kit.egress.errors import Reason
from app.webhooks.views import Outcome
from observability.metrics.metrics import Metrics

_DURATIONS: Final = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0)
_AGES: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 3600.0)
"""Seconds."""
_WITHOUT_RESPONSE: Final = (Reason.TIMEOUT, Reason.UNREACHABLE, Reason.UNRESOLVED, Reason.TLS, Reason.FORBIDDEN_ADDRESS)
_SUCCEEDED: Final = "succeeded"
_REJECTED: Final = "rejected"
_NOT_SENT: Final = "not_sent"
OUTCOMES: Final = (_SUCCEEDED, _REJECTED, *(reason.value for reason in _WITHOUT_RESPONSE), _NOT_SENT)
"""Of an attempt. ``rejected``: the response was no 2xx; ``not_sent``: nothing could be signed, or no worker sent it."""
STATES: Final = ("active", "failing", "disabled", "disabled_by_owner")
"""Of an endpoint. ``failing``: active, and its last attempts failed."""


class WebhookMetrics:
    """What a worker delivers."""

    def __init__(self, metrics: Metrics) -> None:
        self._attempts = metrics.counter("webhook_attempts", "Attempts to deliver an event.", ("outcome",))
        self.duration = metrics.histogram(
            "webhook_attempt_duration_seconds", "Seconds of one attempt.", (), _DURATIONS
        ).labels()
        self.age = metrics.histogram(
            "webhook_delivery_age_seconds", "Seconds from a delivery until its first attempt.", ("api_version",), _AGES
        )
        for outcome in OUTCOMES:
            self._attempts.labels(outcome)

    def declare(self, api_version: str) -> None:
        """Start every series of a version at 0."""
        self.age.labels(api_version)

    def count(self, outcome: Outcome) -> None:
        """Count an attempt."""
        self._attempts.labels(_label(outcome)).inc()
        self.duration.observe(outcome.duration_ms / 1000)


class EndpointMetrics:
    """What waits, and the states of endpoints. API processes read it: a dead worker cannot report it."""

    def __init__(self, metrics: Metrics) -> None:
        self.due = metrics.gauge("webhook_deliveries_due", "Deliveries whose attempt is due.", (), "max").labels()
        self.oldest = metrics.gauge(
            "webhook_deliveries_oldest_seconds",
            "Seconds since the oldest attempt became due at an endpoint to which no worker is sending.",
            (),
            "max",
        ).labels()
        self.endpoints = metrics.gauge("webhook_endpoints", "Webhook endpoints.", ("state",), "max")
        for state in STATES:
            self.endpoints.labels(state).set(0)


def _label(outcome: Outcome) -> str:
    if outcome.status is not None:
        return _SUCCEEDED if outcome.succeeded else _REJECTED
    return outcome.error if outcome.error in OUTCOMES else _NOT_SENT
