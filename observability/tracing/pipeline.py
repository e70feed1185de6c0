"""Delivers sampled traces from a background thread."""

from typing import Final, Protocol

import structlog

from observability.concurrency.background_queue import PAUSE_SECONDS, BackgroundQueue
from observability.tracing.spans import Finished

_LOG: Final = structlog.get_logger()
_MOST_WAITING: Final = 2_048
"""Traces. With a handful of spans each this is a few MiB."""
_BATCH: Final = 128
"""Traces. Small, since building them holds the interpreter's lock."""


class SpanCounts(Protocol):
    """Counts exported and dropped spans."""

    def count_exported(self, spans: int) -> None: ...

    def count_dropped(self, reason: str, spans: int) -> None: ...


class Destination(Protocol):
    """Receives traces: a collector, or the local ring."""

    def deliver(self, batch: list[Finished]) -> str | None:
        """Deliver a batch; return ``None``, or the reason why it is lost. Called by one thread."""

    def interrupt(self) -> None:
        """Make a running delivery give up soon. Called by another thread, at shutdown."""


class Pipeline:
    """Queues traces and delivers them in batches. ``submit`` never blocks or raises; dropped spans are counted."""

    def __init__(self, destination: Destination, counts: SpanCounts, *, pause: float = PAUSE_SECONDS) -> None:
        self._destination = destination
        self._counts = counts
        self._failing: str | None = None
        self._queue: BackgroundQueue[Finished] = BackgroundQueue(
            self._deliver,
            name="trace-export",
            size=_MOST_WAITING,
            batch=_BATCH,
            wake_at=_BATCH,
            pause=pause,
        )

    def start(self) -> None:
        """Start to deliver."""
        self._queue.start()

    def submit(self, trace: Finished) -> None:
        """Queue a trace, or drop it when too many wait."""
        if (reason := self._queue.submit(trace)) is not None:
            self._counts.count_dropped(reason, trace.size)

    def close(self) -> None:
        """Deliver what waits and stop, within two seconds whatever the destination does. Blocks: not for a loop."""
        self._drop("shutdown", self._queue.close(self._destination.interrupt))

    def _deliver(self, batch: list[Finished]) -> bool:
        try:
            reason = self._destination.deliver(batch)
        except Exception as error:  # noqa: BLE001 - a defect here must cost spans, not the thread
            reason = type(error).__name__
        if self._queue.abandoned:
            return False
        if reason is None:
            self._counts.count_exported(sum(trace.size for trace in batch))
        else:
            self._drop(reason, batch)
        self._log_change(reason)
        return reason is None

    def _drop(self, reason: str, batch: list[Finished]) -> None:
        if batch:
            self._counts.count_dropped(reason, sum(trace.size for trace in batch))

    def _log_change(self, reason: str | None) -> None:
        """Log when deliveries begin to fail and when they succeed again; nothing in between."""
        if (reason is None) == (self._failing is None):
            return
        self._failing = reason
        if reason is None:
            _LOG.info("trace_export_recovered")
        else:
            _LOG.warning("trace_export_failing", reason=reason)
