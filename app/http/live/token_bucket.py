"""Limits the messages that one connection sends."""

from dataclasses import dataclass, field
from enum import Enum, auto


class Verdict(Enum):
    """What happens to a message."""

    ALLOWED = auto()
    WARNED = auto()
    """It is ignored, and the client is told so: the first one above the limit."""
    IGNORED = auto()
    REFUSED = auto()
    """The connection is closed: the client went on after the warning."""


@dataclass(slots=True)
class TokenBucket:
    """``burst`` messages at once and ``rate`` a second. A client that has been warned may send ``grace`` more."""

    rate: float
    burst: int
    grace: int
    now: float
    tokens: float = field(init=False)
    excess: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.tokens = float(self.burst)

    def take(self, now: float) -> Verdict:
        """Count one message at ``now``, in seconds of a monotonic clock."""
        self.tokens = min(self.burst, self.tokens + (now - self.now) * self.rate)
        self.now = now
        if self.tokens == self.burst:
            self.excess = 0
        if self.tokens >= 1:
            self.tokens -= 1
            return Verdict.ALLOWED
        self.excess += 1
        if self.excess > self.grace:
            return Verdict.REFUSED
        return Verdict.WARNED if self.excess == 1 else Verdict.IGNORED
