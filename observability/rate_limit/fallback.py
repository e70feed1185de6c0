"""Redis when it answers in time, this process when it does not, and Redis again as soon as it is back."""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import structlog
from redis.exceptions import RedisError

from observability.rate_limit.limiter import Decision, Limiter
from observability.rate_limit.policies import PolicySet
from observability.rate_limit.redis import RedisLimiter

FAILURES: Final = (RedisError, OSError, TimeoutError)
_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 2.0
_ATTEMPTS: Final = 3


class FallbackLimiter:
    """Implements ``Limiter``; never fails, and waits no longer than the shared one's timeout.

    The first failure opens the circuit: from then on nobody waits at all, and one task asks Redis now and then until
    it answers. ``report`` hears when that changes.
    """

    def __init__(self, shared: RedisLimiter, local: Limiter, report: Callable[[bool], None]) -> None:
        self._shared = shared
        self._local = local
        self._report = report
        self._probe: asyncio.Task[None] | None = None
        self._log = structlog.get_logger()
        report(False)  # noqa: FBT003 - the one thing that is reported

    @property
    def alone(self) -> bool:
        """Whether this process counts for itself."""
        return self._probe is not None

    async def open(self) -> None:
        """Connect before the first request comes. Without Redis, start alone."""
        for _ in range(_ATTEMPTS):
            if await self.answers():
                return
        self._give_up("no answer at the start")

    async def charge(self, subject: str, rules: PolicySet, cost: int = 1) -> Decision:
        """See ``Limiter``."""
        if self._probe is None:
            try:
                return await self._shared.charge(subject, rules, cost)
            except FAILURES as error:
                self._give_up(type(error).__name__)
        return await self._local.charge(subject, rules, cost)

    async def answers(self) -> bool:
        """Whether Redis answers in time, now."""
        try:
            await self._shared.prepare()
        except FAILURES:
            return False
        return True

    async def close(self) -> None:
        """Stop to probe and close every connection."""
        if self._probe is not None:
            self._probe.cancel()
            with suppress(asyncio.CancelledError):
                await self._probe
        await self._shared.close()

    def _give_up(self, reason: str) -> None:
        # Many requests wait at once when Redis falls silent; the first to fail speaks for all.
        if self._probe is None:
            self._report(True)  # noqa: FBT003 - the one thing that is reported
            self._log.warning("rate_limit_fallback", reason=reason)
            self._probe = asyncio.create_task(self._until_back(), name="rate-limit-probe")

    async def _until_back(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            # With jitter, so that the workers of all hosts do not fall upon a Redis that has just started.
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - spreads load, guards nothing
            if await self.answers():
                break
            pause = min(2 * pause, _LONGEST_PAUSE)
        self._probe = None
        self._report(False)  # noqa: FBT003 - the one thing that is reported
        self._log.info("rate_limit_shared_again")
