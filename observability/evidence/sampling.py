"""Decides which requests are summarised: the first of each hour, a random share, and all of watched consumers."""

from collections.abc import Callable
from random import Random
from time import time
from typing import Final

MOST_KEYS: Final = 20_000
"""The consumers and operations that one process distinguishes in an hour; further ones have random samples only."""
_HOUR: Final = 3600
Key = tuple[str | None, str, str]
"""Consumer, version, operation."""
Stratum = bool
"""Whether a sample counts for the random stratum."""


class AdaptiveSampler:
    """Chooses requests when they have ended, because consumer and operation are known then.

    The random stratum is drawn from all requests, also from the first ones, so that its shares are those of the
    traffic. All requests of a watched consumer are in it. ``per_second`` caps both together; the first ones leave half
    of it to the random stratum.
    """

    def __init__(
        self,
        *,
        first: int,
        ratio: float,
        per_second: float,
        on_capped: Callable[[], None],
        clock: Callable[[], float] = time,
        seed: int | None = None,
    ) -> None:
        self.watched: frozenset[str] = frozenset()
        """The consumers whose requests are all chosen."""
        self._first = first
        self._ratio = ratio
        self._per_second = per_second
        self._on_capped = on_capped
        self._clock = clock
        self._draw = Random(seed).random  # noqa: S311 - selects a sample, protects nothing
        self._hour_ends = 0.0
        self._seen: dict[Key, int] = {}
        self._free = per_second
        self._filled_at = clock()

    def choose(self, consumer: str | None, version: str, operation: str) -> Stratum | None:
        """Whether an ended request is chosen: True for the random stratum, False for a first one, None for no."""
        random = self._draw() < self._ratio or consumer in self.watched
        now = self._clock()
        if now >= self._hour_ends:
            self._hour_ends = (now // _HOUR + 1) * _HOUR
            self._seen.clear()
        key = (consumer, version, operation)
        seen = self._seen.get(key, 0)
        if not random and (seen >= self._first or (not seen and len(self._seen) >= MOST_KEYS)):
            return None
        if not self._take(now, 1.0 if random else 1.0 + self._per_second / 2):
            self._on_capped()
            return None
        if seen < self._first and (seen or len(self._seen) < MOST_KEYS):
            self._seen[key] = seen + 1
        return random

    def _take(self, now: float, needed: float) -> bool:
        self._free = min(self._per_second, self._free + max(0.0, now - self._filled_at) * self._per_second)
        self._filled_at = now
        if self._free < needed:
            return False
        self._free -= 1.0
        return True
