"""The interface of all limiters."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from observability.rate_limit.policies import Policy, PolicySet
from observability.rate_limit.windows import Usage, fits, remaining_and_pause, seconds, wait


class Standing(NamedTuple):
    """The state of one policy for a client after a decision."""

    policy: Policy
    remaining: int
    pause: int
    """Milliseconds until more units are available; 0 if all are."""

    @property
    def reset(self) -> int:
        """Seconds until more units are available, rounded up."""
        return seconds(self.pause)


class Decision(NamedTuple):
    """Whether a request is allowed, and the state of the client's policies."""

    rules: PolicySet
    standings: tuple[Standing, ...]
    now: int
    """The time of the decision by the clock of this process, in milliseconds since the epoch.

    Not by the clock of Redis, which may differ: clients compare instants with the ``Date`` of the response.
    """
    violated: tuple[Policy, ...] = ()
    """The policies that the request would exceed; empty if it is allowed."""
    pause: int = 0
    """Milliseconds until the same request would be allowed."""

    @property
    def allowed(self) -> bool:
        """Whether the request is allowed."""
        return not self.violated

    @property
    def retry_after(self) -> int:
        """Seconds until the same request would be allowed, rounded up; at least 1 for a rejected request."""
        return max(1, seconds(self.pause)) if self.violated else 0


class Limiter(Protocol):
    """Counts the units that clients use.

    One call checks all policies together and counts in all of them, or in none if one is exceeded: a rejected request
    costs nothing. All policies of a call share one ``subject``, so that a Redis cluster stores them on one node.
    """

    async def charge(self, subject: str, rules: PolicySet, cost: int = 1) -> Decision:
        """Count ``cost`` units. A cost of zero only reads the state, and is always allowed."""

    async def close(self) -> None:
        """Close connections and stop tasks."""


def decide(rules: PolicySet, usages: Sequence[Usage], cost: int, now: int, *, counted: bool) -> Decision:
    """Return the decision for these usages, which include the request if ``counted``.

    ``now`` is in milliseconds since the epoch.
    """
    standings = []
    violated: tuple[Policy, ...] = ()
    pause = 0
    for policy, usage in zip(rules.policies, usages, strict=True):
        standings.append(Standing(policy, *remaining_and_pause(policy, usage, rules.step)))
        if not counted and not fits(policy, usage, cost):
            violated = (*violated, policy)
            pause = max(pause, wait(policy, usage, cost))
    return Decision(rules, tuple(standings), now, violated, pause)
