"""The arithmetic of a sliding window that is made of two fixed ones; in integers, the same here and in Lua.

What was used in the previous window counts less the further the current one has gone:
``previous * (window - elapsed) / window + current``. That is two numbers for each caller however large the quota is,
no burst beyond the quota at any instant, and no more than the quota within any one window of the clock.
"""

from typing import Final, NamedTuple

from observability.rate_limit.policies import Policy

_SECOND: Final = 1000


class Usage(NamedTuple):
    """What a policy has counted for one caller. ``elapsed``: milliseconds since the current window began."""

    current: int
    previous: int
    elapsed: int


def charged(policy: Policy, cost: int) -> int:
    """The units that a request takes: one that costs more than there ever is takes all, or it could never pass."""
    return min(cost, policy.quota)


def fits(policy: Policy, usage: Usage, cost: int) -> bool:
    """Whether ``cost`` more units stay within the quota."""
    window = policy.milliseconds
    used = usage.previous * (window - usage.elapsed) + (usage.current + charged(policy, cost)) * window
    return cost == 0 or used <= policy.quota * window


def remaining(policy: Policy, usage: Usage) -> int:
    """Whole units that are left."""
    window = policy.milliseconds
    left = (policy.quota - usage.current) * window - usage.previous * (window - usage.elapsed)
    return max(0, left // window)


def wait(policy: Policy, usage: Usage, cost: int) -> int:
    """Milliseconds until ``cost`` units fit, if nobody takes any in the meantime."""
    if fits(policy, usage, cost):
        return 0
    window, units = policy.milliseconds, charged(policy, cost)
    left = window - usage.elapsed
    spare = policy.quota - units - usage.current
    if spare >= 0 and usage.previous > 0:
        # The previous window alone is too heavy; it grows lighter until the current one ends.
        return left - spare * window // usage.previous
    # Only when the current window has become the previous one does it grow lighter.
    return left + max(0, window - (policy.quota - units) * window // usage.current)


def reset(policy: Policy, usage: Usage, left: int) -> int:
    """Seconds until there is more: the end of the window, or with nothing left, the next unit."""
    pause = wait(policy, usage, 1) if left == 0 else policy.milliseconds - usage.elapsed
    return seconds(pause)


def seconds(milliseconds: int) -> int:
    """Whole seconds, rounded up: who waits that long is not sent away again for a fraction."""
    return -(-milliseconds // _SECOND)
