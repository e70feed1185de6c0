"""A limiter without limits, for installations behind a gateway that limits."""

from observability.rate_limit.limiter import Decision, decide
from observability.rate_limit.local import wall_clock
from observability.rate_limit.policies import PolicySet


class NullLimiter:
    """Implements ``Limiter`` without counting; the headers that the contract requires always show the full quota."""

    async def charge(self, subject: str, rules: PolicySet, cost: int = 1) -> Decision:  # noqa: ARG002 - of the protocol
        """Always allowed."""
        now = wall_clock()
        usages = [(0, 0, now % policy.milliseconds) for policy in rules.policies]
        return decide(rules, usages, cost, now, counted=True)

    async def close(self) -> None:
        """Does nothing: there is nothing to close."""
