"""Takes work off the event loop: a bounded queue, and one thread that handles what is in it."""

import threading
from collections import deque
from collections.abc import Callable
from time import monotonic, sleep
from typing import Final, Generic, Literal, TypeVar

T = TypeVar("T")
DropReason = Literal["queue_full", "shutdown"]
PAUSE_SECONDS: Final = 0.5
_CLOSE_SECONDS: Final = 1.0
_INTERRUPT_SECONDS: Final = 0.3
"""How long ``close`` waits for an interrupted handler."""


class BackgroundQueue(Generic[T]):
    """Hands batches of items to ``handle`` in a daemon thread. ``submit`` never blocks and never raises.

    ``handle`` must not raise; it returns whether it succeeded. ``size`` bounds the items that wait, ``batch`` those of
    one call. Waking a thread costs more than appending to a queue, so the thread wakes when ``wake_at`` items wait, and
    every ``pause`` seconds. A daemon thread, because a handler that hangs must not keep the process alive.
    """

    def __init__(
        self,
        handle: Callable[[list[T]], bool],
        *,
        name: str,
        size: int,
        batch: int,
        wake_at: int,
        pause: float = PAUSE_SECONDS,
        close_seconds: float = _CLOSE_SECONDS,
    ) -> None:
        self._handle = handle
        self._size = size
        self._batch = batch
        self._wake_at = wake_at
        self._pause = pause
        self._close_seconds = close_seconds
        self._waiting: deque[T] = deque()
        self._handling: list[T] = []
        self._wake = threading.Event()
        self._closing = False
        self.abandoned = False
        """Whether ``close`` gave up on the batch in progress, which ``handle`` must then not count."""
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def running(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    @property
    def waiting(self) -> int:
        """The items that no call has taken."""
        return len(self._waiting)

    def start(self) -> None:
        """Start the thread. Items submitted before wait for it."""
        self._thread.start()

    def submit(self, item: T) -> DropReason | None:
        """Queue an item; the reason when it is dropped instead."""
        waiting = len(self._waiting)
        if self._closing:
            return "shutdown"
        if waiting >= self._size:
            return "queue_full"
        self._waiting.append(item)
        if waiting == self._wake_at:
            self._wake.set()
        return None

    def close(self, interrupt: Callable[[], None] | None = None, seconds: float | None = None) -> list[T]:
        """Handle what waits within ``seconds``, stop, and return the items that were not handled.

        ``interrupt`` makes a running handler give up soon. Blocks: not for an event loop.
        """
        if seconds is not None:
            self._close_seconds = seconds
        self._closing = True
        self._wake.set()
        self._thread.join(self._close_seconds)
        if self._thread.is_alive() and interrupt is not None:
            interrupt()
            self._thread.join(_INTERRUPT_SECONDS)
        self.abandoned = self._thread.is_alive()
        unhandled = list(self._handling) if self.abandoned else []
        while batch := self._next():
            unhandled += batch
        return unhandled

    def _run(self) -> None:
        deadline = None
        while True:
            self._wake.wait(self._pause)
            self._wake.clear()
            while batch := self._next():
                self._handling = batch
                succeeded = self._handle(batch)
                if self._closing:
                    deadline = deadline or monotonic() + self._close_seconds
                    if not succeeded or monotonic() > deadline:
                        return
                # Releases the interpreter's lock, for which the event loop would wait otherwise.
                sleep(0)
            if self._closing:
                return

    def _next(self) -> list[T]:
        batch: list[T] = []
        while len(batch) < self._batch:
            try:
                batch.append(self._waiting.popleft())
            except IndexError:
                break
        return batch
