"""Limits the messages of one WebSocket."""

from typing import Final

PER_SECOND: Final = 20.0
BURST: Final = 40.0
_GRACE: Final = 20.0
"""Messages beyond the limit that are rejected with a warning. The next one closes the WebSocket."""


class TokenBucket:
    """``BURST`` messages at once, and ``PER_SECOND`` on average. ``now`` is in seconds of a monotonic clock."""

    __slots__ = ("_at", "_level")

    def __init__(self, now: float) -> None:
        self._at = now
        self._level = BURST

    def take(self, now: float) -> bool:
        """Count a message, and return whether it is within the limit."""
        self._level = min(BURST, self._level + (now - self._at) * PER_SECOND) - 1
        self._at = now
        return self._level >= 0

    @property
    def exhausted(self) -> bool:
        """Whether the sender went on in spite of warnings."""
        return self._level < -_GRACE
