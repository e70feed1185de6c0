"""Instruments of the outbox."""

from observability.metrics.metrics import Metrics


class EventMetrics:
    """Counts what a worker does with events."""

    def __init__(self, metrics: Metrics) -> None:
        self.relayed = metrics.counter("events_relayed", "Events that got a position.").labels()
        self.handled = metrics.counter("events_handled", "Events that a consumer handled.", ("consumer",))
