"""The arithmetic of a sliding window that is made of two fixed ones; in integers, the same here and in Lua.

What was used in the previous window counts less the further the current one has gone:
``previous * (window - elapsed) / window + current``. That is two numbers for each caller however large the quota is,
no burst beyond the quota at any instant, and no more than the quota within any one window of the clock.
"""

from typing import Final

from observability.rate_limit.policies import Policy

_SECOND: Final = 1000

Usage = tuple[int, int, int]
"""What a policy has counted for one caller: the units of the current window, those of the one before, and the
milliseconds since the current one began."""


def charged(policy: Policy, cost: int) -> int:
    """The units that a request takes: one that costs more than there ever is takes all, or it could never pass."""
    return min(cost, policy.quota)


def fits(policy: Policy, usage: Usage, cost: int) -> bool:
    """Whether ``cost`` more units stay within the quota."""
    current, previous, elapsed = usage
    window, quota = policy.milliseconds, policy.quota
    used = previous * (window - elapsed) + (current + min(cost, quota)) * window
    return cost == 0 or used <= quota * window


def outlook(policy: Policy, usage: Usage) -> tuple[int, int]:
    """Whole units that are left, and seconds until there are more: the end of the window or, with nothing left, the
    next unit.
    """
    current, previous, elapsed = usage
    window = policy.milliseconds
    left = ((policy.quota - current) * window - previous * (window - elapsed)) // window
    pause = window - elapsed if left > 0 else wait(policy, usage, 1)
    return max(0, left), -(-pause // _SECOND)


def wait(policy: Policy, usage: Usage, cost: int) -> int:
    """Milliseconds until ``cost`` units fit, if nobody takes any in the meantime."""
    if fits(policy, usage, cost):
        return 0
    current, previous, elapsed = usage
    window, units = policy.milliseconds, charged(policy, cost)
    left = window - elapsed
    spare = policy.quota - units - current
    if spare >= 0 and previous > 0:
        # The previous window alone is too heavy; it grows lighter until the current one ends.
        return left - spare * window // previous
    # Only when the current window has become the previous one does it grow lighter.
    return left + max(0, window - (policy.quota - units) * window // current)


def seconds(milliseconds: int) -> int:
    """Whole seconds, rounded up: who waits that long is not sent away again for a fraction."""
    return -(-milliseconds // _SECOND)
