"""Takes kept traces off the event loop: a bounded queue, and one thread that delivers what is in it."""

import threading
from collections import deque
from time import monotonic
from typing import Final, Protocol

import structlog

from observability.tracing.spans import Finished

_MOST_WAITING: Final = 2_048
"""Traces. With a handful of spans each this is a few MiB."""
_BATCH: Final = 128
"""Traces. Small, since building them holds the interpreter's lock."""
_PAUSE_SECONDS: Final = 0.5
_FLUSH_SECONDS: Final = 1.0
_GIVE_UP_SECONDS: Final = 0.3


class SpanCounts(Protocol):
    """Where the fate of spans is counted."""

    def count_exported(self, spans: int) -> None: ...

    def count_dropped(self, reason: str, spans: int) -> None: ...


class Destination(Protocol):
    """Where traces go."""

    def deliver(self, batch: list[Finished]) -> str | None:
        """Deliver and return ``None``, or the reason why the batch is lost. Called by one thread."""

    def interrupt(self) -> None:
        """Make a running delivery give up soon. Called by another thread, at the end."""


class Pipeline:
    """Never blocks and never fails whoever offers; counts what it has to drop."""

    def __init__(self, destination: Destination, counts: SpanCounts, *, pause: float = _PAUSE_SECONDS) -> None:
        self._destination = destination
        self._counts = counts
        self._pause = pause
        self._waiting: deque[Finished] = deque()
        self._wake = threading.Event()
        self._stopping = False
        self._failing: str | None = None
        self._delivering: list[Finished] = []
        self._abandoned = False
        """Whether what is being delivered was given up, and counted so."""
        self._log = structlog.get_logger()
        # A daemon: a collector that never answers must not keep the process.
        self._thread = threading.Thread(target=self._run, name="trace-export", daemon=True)

    def start(self) -> None:
        """Begin to deliver."""
        self._thread.start()

    def submit(self, done: Finished) -> None:
        """Take a trace, or drop it where too many wait."""
        waiting = len(self._waiting)
        if self._stopping or waiting >= _MOST_WAITING:
            self._counts.count_dropped("shutdown" if self._stopping else "queue_full", done.size)
            return
        self._waiting.append(done)
        # Waking a thread costs more than all of the above, so a batch has to be worth it.
        if waiting == _BATCH:
            self._wake.set()

    def close(self) -> None:
        """Deliver what waits and stop, within two seconds whatever the destination does. Blocks: not for a loop."""
        self._stopping = True
        self._wake.set()
        self._thread.join(_FLUSH_SECONDS)
        if self._thread.is_alive():
            self._destination.interrupt()
            self._thread.join(_GIVE_UP_SECONDS)
            self._abandoned = self._thread.is_alive()
            if self._abandoned:
                self._drop("shutdown", self._delivering)
        while batch := self._next():
            self._drop("shutdown", batch)

    def _run(self) -> None:
        give_up = None
        while True:
            self._wake.wait(self._pause)
            self._wake.clear()
            if self._stopping and give_up is None:
                give_up = monotonic() + _FLUSH_SECONDS
            while batch := self._next():
                self._deliver(batch)
                if self._stopping and (self._failing or (give_up is not None and monotonic() > give_up)):
                    return
            if self._stopping:
                return

    def _next(self) -> list[Finished]:
        batch: list[Finished] = []
        while len(batch) < _BATCH:
            try:
                batch.append(self._waiting.popleft())
            except IndexError:
                break
        return batch

    def _deliver(self, batch: list[Finished]) -> None:
        self._delivering = batch
        try:
            reason = self._destination.deliver(batch)
        except Exception as error:  # noqa: BLE001 - a defect here must cost spans, not the thread
            reason = type(error).__name__
        if self._abandoned:
            return
        if reason is None:
            self._counts.count_exported(sum(done.size for done in batch))
        else:
            self._drop(reason, batch)
        self._note(reason)

    def _drop(self, reason: str, batch: list[Finished]) -> None:
        self._counts.count_dropped(reason, sum(done.size for done in batch))

    def _note(self, reason: str | None) -> None:
        """Say so when deliveries begin to fail, and when they succeed again; nothing in between."""
        if (reason is None) == (self._failing is None):
            return
        self._failing = reason
        if reason is None:
            self._log.info("trace_export_recovered")
        else:
            self._log.warning("trace_export_failing", reason=reason)
