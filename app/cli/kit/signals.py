"""Shutdown signals, deferred while an interruption would leave processes behind."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class ShutdownRequested(KeyboardInterrupt):
    """A signal requested the shutdown. A ``KeyboardInterrupt``, since asyncio swallows other errors in callbacks."""


class ShutdownSignals:
    """Turns SIGINT, SIGTERM and SIGHUP into ``ShutdownRequested``, raised where the command can be interrupted."""

    def __init__(self) -> None:
        self._requested = False
        self._deferred = False

    @contextmanager
    def handle(self) -> Iterator[None]:
        """Handle the signals during the block, and raise ``ShutdownRequested`` in it once."""
        before = {number: signal.signal(number, self._receive) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Raise ``ShutdownRequested`` after the block instead of in it, also in place of an error that it caused."""
        self._deferred = True
        try:
            yield
        finally:
            self._deferred = False
            self.check()

    def disarm(self) -> None:
        """Raise nothing from now on, so that the cleanup is not interrupted."""
        self._deferred = True

    def check(self) -> None:
        """Raise ``ShutdownRequested`` if a signal has arrived."""
        if self._requested:
            raise ShutdownRequested

    def _receive(self, _number: int, _frame: FrameType | None) -> None:
        again, self._requested = self._requested, True
        if not again and not self._deferred:
            raise ShutdownRequested


def exit_on_shutdown_signal() -> None:
    """Exit with code 0 on SIGINT and SIGTERM, after the clean-up of the callers, until other handlers are set."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _exit)


def _exit(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)
