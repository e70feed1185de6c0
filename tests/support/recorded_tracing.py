"""Tracing that records how a process starts and closes it."""

from observability.tracing.config import TracingConfig
from observability.tracing.pipeline import SpanCounts
from observability.tracing.recording import Attributes
from observability.tracing.tracer import Tracing


class RecordedTracing(Tracing):
    """Adds its config, the attributes of the database, and ``closed`` to ``calls``."""

    def __init__(self, calls: list[object], config: TracingConfig) -> None:
        super().__init__(config)
        self._calls = calls
        calls.append(config)

    def start(self, counts: SpanCounts, database: Attributes | None = None) -> None:
        """See ``Tracing``."""
        super().start(counts, database)
        self._calls.append(database)

    def close(self) -> None:
        """See ``Tracing``."""
        super().close()
        self._calls.append("closed")
