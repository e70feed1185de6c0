"""The limits on password guessing and on rejected callbacks, counted by the shared limiter for all workers together."""

import hashlib
from typing import Final

from app.auth.errors import TooManyAttempts
from observability.rate_limit.limiter import Limiter
from observability.rate_limit.policies import PolicySet

_NAME: Final = "login"
_ALL_NETWORKS: Final = "login_all_networks"
_REJECTIONS: Final = "rejected_callbacks"


class Throttles:
    """One counter per user and network, and one per user for failures from all networks."""

    def __init__(self, per_minute: int, failures_per_hour: int, limiter: Limiter) -> None:
        self.attempts = PolicySet.parse(_NAME, {_NAME: f"{per_minute}/minute"})
        self.failures = PolicySet.parse(_ALL_NETWORKS, {_ALL_NETWORKS: f"{failures_per_hour}/hour"})
        self.limiter = limiter

    def of(self, network: str) -> "NetworkThrottle":
        """The throttle of a client's network, for all operations and versions."""
        return NetworkThrottle(network, self)


class NetworkThrottle:
    """Implements ``app.auth.throttle.Throttle``."""

    def __init__(self, network: str, throttles: Throttles) -> None:
        self.network = network
        self._throttles = throttles

    async def charge(self, email: str) -> None:
        """Count one attempt, before the password is checked, so that concurrent attempts count too."""
        subject = f"{_account(email)}:{self.network}"
        decision = await self._throttles.limiter.charge(subject, self._throttles.attempts)
        if not decision.allowed:
            raise _exhausted(decision.retry_after, _NAME)

    async def rejection(self, email: str) -> TooManyAttempts | None:
        """The error for a new network while a user has too many failed attempts."""
        decision = await self._throttles.limiter.charge(_account(email), self._throttles.failures, 0)
        (standing,) = decision.standings
        return _exhausted(standing.reset, _ALL_NETWORKS) if standing.remaining == 0 else None

    async def record_failure(self, email: str) -> None:
        """Count one failed attempt for a user."""
        await self._throttles.limiter.charge(_account(email), self._throttles.failures)


class RejectedCallbackLimit:
    """Implements ``app.identities.rejected_callbacks.RejectionLimit``."""

    def __init__(self, per_minute: int, limiter: Limiter) -> None:
        self._policies = PolicySet.parse(_REJECTIONS, {_REJECTIONS: f"{per_minute}/minute"})
        self._limiter = limiter

    async def admits(self, network: str) -> bool:
        """Count one rejected callback from a network."""
        return (await self._limiter.charge(f"{_REJECTIONS}:{network}", self._policies)).allowed


def _account(email: str) -> str:
    """A digest: bounded in length, and no e-mail address appears in a Redis key."""
    return f"account:{hashlib.blake2b(email.encode('utf-8', 'surrogatepass'), digest_size=16).hexdigest()}"


def _exhausted(retry_after: int, policy: str) -> TooManyAttempts:
    return TooManyAttempts(retry_after=max(1, retry_after), context={"policy": policy})
