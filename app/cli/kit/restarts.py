"""Limits and delays the restarts of one crashed process."""

import time
from collections import deque
from collections.abc import Callable
from typing import Final

from app.cli.kit.output import CommandError
from observability.concurrency.backoff import Backoff

LIMIT: Final = 5
WINDOW_SECONDS: Final = 60.0
_BACKOFF: Final = Backoff(first=0.1, longest=5.0)


class RestartLimit:
    """Allows ``LIMIT`` restarts within ``WINDOW_SECONDS``: a process that crashes more often needs an operator."""

    def __init__(self, process: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._process = process
        self._clock = clock
        self._restarts: deque[float] = deque()

    def next_delay(self) -> float:
        """Count one restart, and return the seconds to wait before it. Raises ``CommandError`` beyond the limit."""
        now = self._clock()
        while self._restarts and self._restarts[0] <= now - WINDOW_SECONDS:
            self._restarts.popleft()
        if len(self._restarts) >= LIMIT:
            message = f"The {self._process} crashed {LIMIT + 1} times within {WINDOW_SECONDS:.0f} seconds."
            raise CommandError(message, "The log above shows the reason; `strata doctor` checks home and database.")
        self._restarts.append(now)
        return _BACKOFF.delay(len(self._restarts) - 1)
