"""Durations as Prometheus writes them, at the pace of production or of a test."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

_UNITS: Final = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))


def duration(length: timedelta) -> str:
    """``5m``, ``3d``, ``90s``: the largest unit that divides it."""
    seconds = round(length.total_seconds())
    suffix, size = next((suffix, size) for suffix, size in _UNITS if seconds % size == 0)
    return f"{seconds // size}{suffix}"


@dataclass(frozen=True, slots=True)
class Clock:
    """How fast time goes for rules: a test that cannot wait for an hour lets 1/30 of it pass for a whole one.

    Only ranges, delays and intervals shrink. Names of recorded series keep the length that they have in production,
    so that alerts and dashboards are the same text.
    """

    pace: float = 1.0
    fastest: timedelta = timedelta(seconds=1)

    def __call__(self, length: timedelta) -> str:
        """A range, a delay or an interval; never shorter than ``fastest``."""
        return duration(max(timedelta(seconds=round(length.total_seconds() / self.pace)), self.fastest))


PRODUCTION: Final = Clock()
