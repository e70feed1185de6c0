"""The instruments of trace export."""

from observability.metrics.metrics import Metrics


class SpanMetrics:
    """Counts exported and dropped spans."""

    def __init__(self, metrics: Metrics) -> None:
        self._exported = metrics.counter(
            "trace_spans_exported", "Spans that the collector, or the local ring, has taken."
        ).labels()
        self._dropped = metrics.counter("trace_spans_dropped", "Spans that were to be kept and are lost.", ("reason",))

    def count_exported(self, spans: int) -> None:
        """Count spans that the destination accepted."""
        self._exported.inc(spans)

    def count_dropped(self, reason: str, spans: int) -> None:
        """Count lost spans. ``reason`` is a name from the code."""
        self._dropped.labels(reason).inc(spans)
