"""The limit on sign-in, counted by the shared limiter, so that it applies to all workers together."""

import hashlib
from typing import Final

from app.auth.errors import TooManyAttempts
from observability.rate_limit.limiter import Decision, Limiter
from observability.rate_limit.policies import PolicySet

_NAME: Final = "login"


class Throttles:
    """One counter per client address and operation, and one per user across all operations."""

    def __init__(self, per_minute: int, limiter: Limiter) -> None:
        self._rules = PolicySet.parse(_NAME, {_NAME: f"{per_minute}/minute"})
        self._limiter = limiter

    def of(self, operation: str) -> "OperationThrottle":
        """The throttle of one operation."""
        return OperationThrottle(operation, self._limiter, self._rules)


class OperationThrottle:
    """Implements ``app.auth.throttle.Throttle``."""

    def __init__(self, operation: str, limiter: Limiter, rules: PolicySet) -> None:
        self._operation = operation
        self._limiter = limiter
        self._rules = rules

    async def hit_address(self, address: str) -> None:
        """Count one attempt from a client address."""
        _ensure(await self._limiter.charge(f"login:{self._operation}:{address}", self._rules))

    async def ensure_open(self, account: str) -> None:
        """Raise ``TooManyAttempts`` while a user has too many failed attempts."""
        decision = await self._limiter.charge(_account(account), self._rules, 0)
        (standing,) = decision.standings
        if standing.remaining == 0:
            raise _exhausted(standing.reset)

    async def record_failure(self, account: str) -> None:
        """Count one failed attempt for a user."""
        await self._limiter.charge(_account(account), self._rules)


def _account(account: str) -> str:
    """A digest: bounded in length, and no e-mail address appears in a Redis key."""
    return f"account:{hashlib.blake2b(account.encode('utf-8', 'surrogatepass'), digest_size=16).hexdigest()}"


def _ensure(decision: Decision) -> None:
    if not decision.allowed:
        raise _exhausted(decision.retry_after)


def _exhausted(retry_after: int) -> TooManyAttempts:
    return TooManyAttempts(retry_after=max(1, retry_after), context={"policy": _NAME})
