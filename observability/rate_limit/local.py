"""Counts in this process: used without Redis, and while Redis is unavailable."""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Final

from observability.rate_limit.limiter import Decision, decide
from observability.rate_limit.policies import PolicySet
from observability.rate_limit.windows import Usage, charged_units, fits

_NANOSECONDS: Final = 1_000_000
_Counter = tuple[int, int, int]
"""The number of the window, the units used in it, and the units used in the previous one."""
_NOTHING: Final[_Counter] = (-2, 0, 0)


def wall_clock() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // _NANOSECONDS


class LocalLimiter:
    """Implements ``Limiter`` in memory, for one process.

    Stores at most ``capacity`` counters. Beyond that it drops the one that was idle longest, whose client has regained
    the most units of all. There is no background scan or expiry, and therefore no pause, regardless of the number of
    keys.
    """

    def __init__(self, capacity: int, clock: Callable[[], int] = wall_clock) -> None:
        self._capacity = capacity
        self._clock = clock
        self._ahead = 0
        self._counters: OrderedDict[tuple[str, str, int], _Counter] = OrderedDict()

    def __len__(self) -> int:
        return len(self._counters)

    async def charge(self, subject: str, rules: PolicySet, cost: int = 1) -> Decision:
        """See ``Limiter``."""
        ours = self._clock()
        now = ours + self._ahead
        found = []
        usages = []
        counted = True
        for policy in rules.policies:
            key = (subject, policy.name, policy.window)
            window, usage = self._find(key, policy.milliseconds, now)
            found.append((key, window, policy))
            usages.append(usage)
            counted = counted and fits(policy, usage, cost)
        if counted and cost:
            for position, (key, window, policy) in enumerate(found):
                current, previous, elapsed = usages[position]
                current += charged_units(policy, cost)
                self._counters[key] = window, current, previous
                usages[position] = current, previous, elapsed
            self._evict()
        return decide(rules, usages, cost, ours, counted=counted)

    def adopt(self, subject: str, rules: PolicySet, usages: Iterable[Usage], now: int, ahead: int) -> None:
        """Continue from what a shared limiter counted at ``now``. Its clock is ``ahead`` ms ahead of ours."""
        self._ahead = ahead
        for policy, (current, previous, _) in zip(rules.policies, usages, strict=True):
            key = (subject, policy.name, policy.window)
            self._counters[key] = now // policy.milliseconds, current, previous
            self._counters.move_to_end(key)
        self._evict()

    async def close(self) -> None:
        """Does nothing: there is nothing to close."""

    def _evict(self) -> None:
        while len(self._counters) > self._capacity:
            self._counters.popitem(last=False)

    def _find(self, key: tuple[str, str, int], milliseconds: int, now: int) -> tuple[int, Usage]:
        window = now // milliseconds
        last, current, previous = self._counters.get(key, _NOTHING)
        if last >= 0:
            # A rejected request also refreshes its counter; otherwise clients could get it dropped with further
            # requests.
            self._counters.move_to_end(key)
        if last > window:
            # The clock was set back: continue in the later window, at its start.
            return last, (current, previous, 0)
        elapsed = now - window * milliseconds
        if last == window:
            return window, (current, previous, elapsed)
        return window, (0, current if last == window - 1 else 0, elapsed)
