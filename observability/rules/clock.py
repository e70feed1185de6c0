"""Durations in Prometheus' format, at production speed or scaled for a test."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

_UNITS: Final = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))


def duration(length: timedelta) -> str:
    """Format a duration in the largest unit that divides it: ``5m``, ``3d``, ``90s``."""
    seconds = round(length.total_seconds())
    suffix, size = next((suffix, size) for suffix, size in _UNITS if seconds % size == 0)
    return f"{seconds // size}{suffix}"


@dataclass(frozen=True, slots=True)
class Clock:
    """The speed of the rules: a test that cannot wait for an hour scales durations to 1/30.

    Only ranges, delays and intervals are scaled. The names of recorded series contain the unscaled duration, so that
    alerts and dashboards have the same text.
    """

    pace: float = 1.0
    fastest: timedelta = timedelta(seconds=1)

    def __call__(self, length: timedelta) -> str:
        """Format a range, a delay or an interval; at least ``fastest``."""
        return duration(max(timedelta(seconds=round(length.total_seconds() / self.pace)), self.fastest))


PRODUCTION: Final = Clock()
