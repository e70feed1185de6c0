"""The arithmetic of a sliding window that is approximated by two fixed ones; in integers, the same as in Lua.

The units of the previous window are weighted by the share of it that the sliding window still covers:
``previous * (window - elapsed) / window + current``. That takes two numbers per client for any quota, allows no burst
beyond the quota at any instant, and no more than the quota within any fixed window.
"""

from typing import Final

from observability.rate_limit.policies import Policy

_SECOND: Final = 1000

Usage = tuple[int, int, int]
"""The units of the current window, the units of the previous one, and the milliseconds since the current one began; for
one policy and one client."""


def charged_units(policy: Policy, cost: int) -> int:
    """The units that a request takes. A cost above the quota takes the whole quota, or the request could never pass."""
    return min(cost, policy.quota)


def fits(policy: Policy, usage: Usage, cost: int) -> bool:
    """Whether ``cost`` more units stay within the quota."""
    current, previous, elapsed = usage
    window, quota = policy.milliseconds, policy.quota
    used = previous * (window - elapsed) + (current + min(cost, quota)) * window
    return cost == 0 or used <= quota * window


def remaining_and_pause(policy: Policy, usage: Usage, step: int) -> tuple[int, int]:
    """Return the remaining whole units, and the milliseconds until there are more; 0 for a full quota.

    With fewer than ``step`` units left, the time is that until there are ``step``: the dearest operation then fits.
    """
    current, previous, elapsed = usage
    window, quota = policy.milliseconds, policy.quota
    left = max(0, ((quota - current) * window - previous * (window - elapsed)) // window)
    return left, 0 if left >= quota else wait(policy, usage, max(left + 1, min(step, quota)))


def wait(policy: Policy, usage: Usage, cost: int) -> int:
    """Return the milliseconds until ``cost`` units fit, if no other request takes any in the meantime."""
    if fits(policy, usage, cost):
        return 0
    current, previous, elapsed = usage
    window, units = policy.milliseconds, charged_units(policy, cost)
    left = window - elapsed
    spare = policy.quota - units - current
    if spare >= 0 and previous > 0:
        # The previous window alone exceeds the limit; its weight falls until the current window ends.
        return left - spare * window // previous
    # The weight of the current window falls only after it has become the previous one.
    return left + max(0, window - (policy.quota - units) * window // current)


def seconds(milliseconds: int) -> int:
    """Return whole seconds, rounded up, so that a client that waits that long is not rejected for a fraction."""
    return -(-milliseconds // _SECOND)
