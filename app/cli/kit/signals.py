"""Ctrl-C, at a moment of our choosing where it would leave processes behind."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(KeyboardInterrupt):
    """A signal asked for the end. Of this kind because asyncio swallows others that interrupt one of its callbacks."""


class Interruption:
    """Whether somebody asked for the end; raises ``Stopped`` where that is harmless."""

    def __init__(self) -> None:
        self._requested = False
        self._held = False

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Receive the signals during the block, and raise ``Stopped`` in it, once."""
        before = {number: signal.signal(number, self._receive) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def postponed(self) -> Iterator[None]:
        """Raise ``Stopped`` after the block instead of in it; in place of what the signal may have broken there."""
        self._held = True
        try:
            yield
        finally:
            self._held = False
            self.check()

    def hold(self) -> None:
        """Raise nothing from here on: what follows cleans up."""
        self._held = True

    def check(self) -> None:
        """Raise ``Stopped`` if the end was asked for."""
        if self._requested:
            raise Stopped

    def _receive(self, _number: int, _frame: FrameType | None) -> None:
        again, self._requested = self._requested, True
        if not again and not self._held:
            raise Stopped
