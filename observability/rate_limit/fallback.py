"""A circuit breaker: counts in Redis while it replies in time, otherwise in this process."""

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

_LOG: Final = structlog.get_logger()
FAILURES: Final = (RedisError, OSError, TimeoutError)
_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 2.0
_ATTEMPTS: Final = 3


class FallbackLimiter:
    """Implements ``Limiter``; never fails, and waits no longer than the shared limiter's timeout.

    The first failure opens the circuit: requests no longer wait for Redis, and one task probes it until it replies.
    ``report`` is called with true when the circuit opens and with false when it closes.
    """

    def __init__(self, shared: RedisLimiter, local: Limiter, report: Callable[[bool], None]) -> None:
        self._shared = shared
        self._local = local
        self._report = report
        self._probe: asyncio.Task[None] | None = None
        report(False)  # noqa: FBT003 - the callback has one argument

    @property
    def alone(self) -> bool:
        """Whether this process counts on its own."""
        return self._probe is not None

    async def open(self) -> None:
        """Connect before the first request arrives. Without Redis, start with the local counters."""
        for _ in range(_ATTEMPTS):
            if await self.is_available():
                return
        self._open_circuit("no answer at the start")

    async def charge(self, subject: str, rules: PolicySet, cost: int = 1) -> Decision:
        """See ``Limiter``."""
        if self._probe is None:
            try:
                return await self._shared.charge(subject, rules, cost)
            except FAILURES as error:
                self._open_circuit(type(error).__name__)
        return await self._local.charge(subject, rules, cost)

    async def is_available(self) -> bool:
        """Whether Redis replies within the timeout."""
        try:
            await self._shared.prepare()
        except FAILURES:
            return False
        return True

    async def close(self) -> None:
        """Stop the probe and close every connection."""
        if self._probe is not None:
            self._probe.cancel()
            with suppress(asyncio.CancelledError):
                await self._probe
        await self._shared.close()

    def _open_circuit(self, reason: str) -> None:
        # Many requests may fail at once when Redis stops replying; only the first one opens the circuit.
        if self._probe is None:
            self._report(True)  # noqa: FBT003 - the callback has one argument
            _LOG.warning("rate_limit_fallback", reason=reason)
            self._probe = asyncio.create_task(self._probe_until_available(), name="rate-limit-probe")

    async def _probe_until_available(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            # Jitter, so that the workers of all hosts do not reconnect at once to a Redis that has just started.
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - spreads load, guards nothing
            if await self.is_available():
                break
            pause = min(2 * pause, _LONGEST_PAUSE)
        self._probe = None
        self._report(False)  # noqa: FBT003 - the callback has one argument
        _LOG.info("rate_limit_shared_again")
