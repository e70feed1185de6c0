"""What every limiter promises."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from observability.rate_limit.policies import Policy, PolicySet
from observability.rate_limit.windows import Usage, fits, outlook, seconds, wait


class Standing(NamedTuple):
    """How a caller stands with one policy after a decision."""

    policy: Policy
    remaining: int
    reset: int
    """Seconds until there is more."""


class Decision(NamedTuple):
    """Whether a request may go on, and where that leaves its caller."""

    rules: PolicySet
    standings: tuple[Standing, ...]
    at: int
    """When it was decided, in seconds since the epoch."""
    violated: tuple[Policy, ...] = ()
    """The policies that the request would have gone beyond; empty when it may go on."""
    retry_after: int = 0
    """Seconds until the same request would pass."""

    @property
    def allowed(self) -> bool:
        """Whether the request may go on."""
        return not self.violated


class Limiter(Protocol):
    """Counts what callers use.

    One call weighs all policies at once, and counts in all of them or, when one says no, in none: a refused request
    costs nothing. All policies of a call concern one ``subject``, so that a Redis cluster finds them in one place.
    """

    async def charge(self, subject: str, rules: PolicySet, cost: int = 1) -> Decision:
        """Count ``cost`` units. A cost of zero only looks, and is never refused."""

    async def close(self) -> None:
        """Let go of connections and tasks."""


def decide(rules: PolicySet, usages: Sequence[Usage], cost: int, now: int, *, counted: bool) -> Decision:
    """The decision behind these usages: after the request where it was ``counted``, else before it.

    ``now`` in milliseconds since the epoch.
    """
    standings = []
    violated: tuple[Policy, ...] = ()
    pause = 0
    for policy, usage in zip(rules.policies, usages, strict=True):
        standings.append(Standing(policy, *outlook(policy, usage)))
        if not counted and not fits(policy, usage, cost):
            violated = (*violated, policy)
            pause = max(pause, wait(policy, usage, cost))
    return Decision(rules, tuple(standings), now // 1000, violated, max(1, seconds(pause)) if violated else 0)
