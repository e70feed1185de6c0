"""A circuit breaker: requests do not wait for a Redis that does not reply."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import count
from typing import Final

from redis.exceptions import RedisError

from observability.concurrency.backoff import Backoff

FAILURES: Final = (RedisError, OSError, TimeoutError)
LATE: Final = "late"
UNREACHABLE: Final = "unreachable"
OPEN: Final = "open"
REASONS: Final = (LATE, UNREACHABLE, OPEN)
"""Why a request did without Redis: no reply in time, another failure, the circuit is open."""
_PROBES: Final = Backoff(first=0.1, longest=2.0)
_ATTEMPTS: Final = 3
_TOLERATED: Final = 0.25
"""Seconds of failures, without a reply in between, that open the circuit."""


class Circuit:
    """Opens when Redis has failed for a quarter of a second without a reply in between; one task probes it until then.

    One late reply of a busy machine does not open it. ``probe`` raises one of ``FAILURES`` unless Redis replies;
    ``changed`` receives the reason when the circuit opens, and None when it closes.
    """

    def __init__(
        self, name: str, probe: Callable[[], Awaitable[object]], changed: Callable[[str | None], None]
    ) -> None:
        self._name = name
        self._attempt = probe
        self._changed = changed
        self._probe: asyncio.Task[None] | None = None
        self._failing_since: float | None = None

    @property
    def is_open(self) -> bool:
        """Whether Redis must not be called."""
        return self._probe is not None

    async def start(self) -> None:
        """Connect before the first request arrives. Without Redis, start with an open circuit."""
        for _ in range(_ATTEMPTS):
            if await self.is_available():
                return
        self._open("no answer at the start")

    async def is_available(self) -> bool:
        """Whether Redis replies within the timeout."""
        try:
            await self._attempt()
        except FAILURES:
            return False
        return True

    def record_reply(self) -> None:
        """Redis replied in time."""
        self._failing_since = None

    def record_failure(self, error: Exception) -> str:
        """Redis failed with one of ``FAILURES``. Returns the reason."""
        now = asyncio.get_running_loop().time()
        if self._failing_since is None:
            self._failing_since = now
        elif now - self._failing_since >= _TOLERATED:
            self._open(type(error).__name__)
        return LATE if isinstance(error, TimeoutError) else UNREACHABLE

    async def close(self) -> None:
        """Stop the probe."""
        if self._probe is not None:
            self._probe.cancel()
            with suppress(asyncio.CancelledError):
                await self._probe

    def _open(self, reason: str) -> None:
        # Many requests may fail at once when Redis stops replying; only the first one opens the circuit.
        if self._probe is None:
            self._changed(reason)
            self._probe = asyncio.create_task(self._probe_until_available(), name=f"{self._name}-probe")

    async def _probe_until_available(self) -> None:
        for failures in count():
            await asyncio.sleep(_PROBES.delay(failures))
            if await self.is_available():
                break
        self._probe = None
        self._failing_since = None
        self._changed(None)
