"""A circuit breaker: counts in Redis while it replies in time, otherwise in this process."""

import asyncio
from contextlib import suppress
from itertools import count
from typing import Final, Protocol

import structlog
from redis.exceptions import RedisError

from observability.concurrency.backoff import Backoff
from observability.rate_limit.limiter import Decision, Limiter
from observability.rate_limit.policies import PolicySet
from observability.rate_limit.redis import RedisLimiter

_LOG: Final = structlog.get_logger()
FAILURES: Final = (RedisError, OSError, TimeoutError)
_PROBES: Final = Backoff(first=0.1, longest=2.0)
_ATTEMPTS: Final = 3
_TOLERATED: Final = 0.25
"""Seconds of failures, without a reply in between, that open the circuit."""
REASONS: Final = ("late", "unreachable", "open")
"""Why a decision was made in this process: no reply in time, another failure, the circuit is open."""


class FallbackMetrics(Protocol):
    """Notified of the state of the circuit and of decisions that this process made on its own."""

    def circuit_changed(self, *, is_open: bool) -> None: ...

    def decided_locally(self, reason: str) -> None: ...


class FallbackLimiter:
    """Implements ``Limiter``; never fails, and waits no longer than the shared limiter's timeout.

    A failed request is counted in this process. When Redis has failed for a quarter of a second without a reply in
    between, the circuit opens: requests no longer wait for Redis, and one task probes it until it replies. One late
    reply of a busy machine therefore costs one decision.
    """

    def __init__(self, shared: RedisLimiter, local: Limiter, metrics: FallbackMetrics) -> None:
        self._shared = shared
        self._local = local
        self._metrics = metrics
        self._probe: asyncio.Task[None] | None = None
        self._failing_since: float | None = None
        metrics.circuit_changed(is_open=False)

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
        reason = "open"
        if self._probe is None:
            try:
                decision = await self._shared.charge(subject, rules, cost)
            except FAILURES as error:
                reason = "late" if isinstance(error, TimeoutError) else "unreachable"
                self._record_failure(error)
            else:
                self._failing_since = None
                return decision
        self._metrics.decided_locally(reason)
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

    def _record_failure(self, error: Exception) -> None:
        now = asyncio.get_running_loop().time()
        if self._failing_since is None:
            self._failing_since = now
        elif now - self._failing_since >= _TOLERATED:
            self._open_circuit(type(error).__name__)

    def _open_circuit(self, reason: str) -> None:
        # Many requests may fail at once when Redis stops replying; only the first one opens the circuit.
        if self._probe is None:
            self._metrics.circuit_changed(is_open=True)
            _LOG.warning("rate_limit_fallback", reason=reason)
            self._probe = asyncio.create_task(self._probe_until_available(), name="rate-limit-probe")

    async def _probe_until_available(self) -> None:
        for failures in count():
            await asyncio.sleep(_PROBES.delay(failures))
            if await self.is_available():
                break
        self._probe = None
        self._failing_since = None
        self._metrics.circuit_changed(is_open=False)
        _LOG.info("rate_limit_shared_again")
