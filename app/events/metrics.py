"""Instruments of the outbox."""

from observability.metrics.metrics import Metrics


class EventMetrics:
    """Counts what a worker does with events."""

    def __init__(self, metrics: Metrics) -> None:
        self.relayed = metrics.counter("events_relayed", "Events that got a position.").labels()
        self.handled = metrics.counter("events_handled", "Events that a consumer handled.", ("consumer",))


class OutboxMetrics:
    """What waits in the outbox. API processes read it: a dead worker cannot report it."""

    def __init__(self, metrics: Metrics) -> None:
        self.unrelayed = metrics.gauge(
            "outbox_unrelayed_events", "Events without a position; at most 10000 are counted.", (), "max"
        ).labels()
        self.lag = metrics.gauge(
            "outbox_lag_seconds", "Seconds since the oldest event without a position.", (), "max"
        ).labels()
        self.consumer_lag = metrics.gauge(
            "event_consumer_lag_seconds",
            "Seconds since the oldest event that the consumer has not handled.",
            ("consumer",),
            "max",
        )
