"""Delays between attempts."""

import random
from dataclasses import dataclass

_LARGEST_EXPONENT = 60
"""The exponent is bounded: an overflow of a float raises an error."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """Exponential backoff. Jitter of 20 % spreads processes that failed at the same moment. Times are in seconds."""

    first: float
    longest: float

    def delay(self, failures: int) -> float:
        """The delay after this many earlier failures, 0 for the first one."""
        delay = min(self.first * 2.0 ** min(failures, _LARGEST_EXPONENT), self.longest)
        return delay * random.uniform(0.8, 1.2)  # noqa: S311 - no secret
