"""Counts in Redis while it replies in time, otherwise in this process."""

from typing import Final, Protocol

import structlog

from observability.rate_limit.limiter import Decision, Limiter
from observability.rate_limit.policies import PolicySet
from observability.rate_limit.redis import RedisLimiter
from observability.redis.circuit import FAILURES, OPEN, Circuit

_LOG: Final = structlog.get_logger()


class FallbackMetrics(Protocol):
    """Notified of the state of the circuit and of decisions that this process made on its own."""

    def circuit_changed(self, *, is_open: bool) -> None: ...

    def decided_locally(self, reason: str) -> None: ...


class FallbackLimiter:
    """Implements ``Limiter``; never fails, and waits no longer than the shared limiter's timeout.

    A failed request is counted in this process, and so is every request while the circuit is open. One late reply of
    a busy machine therefore costs one decision.
    """

    def __init__(self, shared: RedisLimiter, local: Limiter, metrics: FallbackMetrics) -> None:
        self._shared = shared
        self._local = local
        self._metrics = metrics
        self._circuit = Circuit("rate-limit", shared.prepare, self._circuit_changed)
        metrics.circuit_changed(is_open=False)

    @property
    def alone(self) -> bool:
        """Whether this process counts on its own."""
        return self._circuit.is_open

    async def open(self) -> None:
        """Connect before the first request arrives. Without Redis, start with the local counters."""
        await self._circuit.start()

    async def charge(self, subject: str, rules: PolicySet, cost: int = 1) -> Decision:
        """See ``Limiter``."""
        reason = OPEN
        if not self._circuit.is_open:
            try:
                decision = await self._shared.charge(subject, rules, cost)
            except FAILURES as error:
                reason = self._circuit.record_failure(error)
            else:
                self._circuit.record_reply()
                return decision
        self._metrics.decided_locally(reason)
        return await self._local.charge(subject, rules, cost)

    async def is_available(self) -> bool:
        """Whether Redis replies within the timeout."""
        return await self._circuit.is_available()

    async def close(self) -> None:
        """Stop the probe and close every connection."""
        await self._circuit.close()
        await self._shared.close()

    def _circuit_changed(self, reason: str | None) -> None:
        self._metrics.circuit_changed(is_open=reason is not None)
        if reason is None:
            _LOG.info("rate_limit_shared_again")
        else:
            _LOG.warning("rate_limit_fallback", reason=reason)
