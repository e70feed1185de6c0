"""What a change does to one consumer, and the evidence that shows it."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

_RULE_OF_THREE: Final = 3


class Verdict(StrEnum):
    """The effect of a change on a consumer, the most severe first."""

    BREAKS = "breaks"
    MAY_BREAK = "may break"
    SAFE = "safe"
    NOT_CALLED = "does not call"

    @property
    def rank(self) -> int:
        """The sort key: 0 is the most severe."""
        return _RANKS[self]


_RANKS: Final = {verdict: rank for rank, verdict in enumerate(Verdict)}


@dataclass(frozen=True, slots=True)
class Outcome:
    """A verdict with its reason: a clause about the consumer, as in "sent 140 characters".

    `shown` counts the observed uses that show it; None if the evidence does not count them. `bound` is the greatest
    share of requests that are affected although none of them was observed, at a confidence of 95 %.
    """

    verdict: Verdict
    reason: str
    operation: str = ""
    element: str = ""
    requests: int = 0
    shown: int | None = None
    bound: float | None = None

    def with_requests(self, requests: int) -> "Outcome":
        """The same outcome for more operations."""
        return replace(self, requests=requests)

    def to_dict(self) -> dict[str, Any]:
        """The outcome in JSON output, without members that do not apply."""
        found = {
            "verdict": self.verdict.value,
            "reason": self.reason,
            "operation": self.operation,
            "element": self.element,
            "requests": self.requests,
            "shown": self.shown,
            "bound": self.bound,
        }
        return {name: value for name, value in found.items() if value is not None and value != ""}


def bound_of(random: int, *, is_complete: bool) -> float:
    """The greatest share that explains why none of a random sample is affected: 3 of n at 95 % (the rule of three)."""
    if is_complete:
        return 0.0
    return min(1.0, _RULE_OF_THREE / random) if random else 1.0


def combine(outcomes: list[Outcome]) -> Outcome:
    """The most severe outcome; of several safe ones that with the weakest evidence."""
    return min(outcomes, key=lambda one: (one.verdict.rank, -(one.shown or 0), -(one.bound or 0.0)))
