"""A reference model of the limiters, without regard to speed or memory."""

from fractions import Fraction

from observability.rate_limit.policies import PolicySet


class Clock:
    """A clock that changes only on assignment. Milliseconds since the epoch."""

    def __init__(self, now: int = 1_795_000_000_000) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


class Model:
    """A limiter that stores every admitted request."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._admitted: list[tuple[int, str, int]] = []

    def charge(self, subject: str, rules: PolicySet, cost: int) -> list[str]:
        """Return the names of the policies that the request violates."""
        now = self._clock()
        violated = []
        for policy in rules.policies:
            window = policy.window * 1000
            part = Fraction(now % window, window)
            used = self._used(subject, now // window, window, policy.quota)
            before = self._used(subject, now // window - 1, window, policy.quota)
            if cost and before * (1 - part) + used + min(cost, policy.quota) > policy.quota:
                violated.append(policy.name)
        if not violated and cost:
            self._admitted.append((now, subject, cost))
        return violated

    def _used(self, subject: str, number: int, window: int, quota: int) -> int:
        return sum(
            min(cost, quota) for at, whose, cost in self._admitted if whose == subject and at // window == number
        )
