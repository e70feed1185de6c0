"""Observes in the background whether the database replies, so that a readiness check costs no statement."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import asyncpg
import structlog

from app.kit.db.errors import domain_error
from app.kit.db.instrumentation import DatabaseMetrics

INTERVAL: Final = 0.5
_REPLY_SECONDS: Final = 1.0
_GRACE_SECONDS: Final = 0.2
_LOG: Final = structlog.get_logger()


class Availability:
    """Whether the database replies to ``SELECT 1`` on a connection outside of the pools, which may be busy.

    A change in either direction is visible within 2 seconds: ``INTERVAL`` and the time for a reply add up to less. The
    loss of the connection is noticed at once.
    """

    def __init__(self, dsn: str, connection: Mapping[str, Any], metrics: DatabaseMetrics) -> None:
        self._dsn = dsn
        self._arguments = connection
        self._metrics = metrics
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._available = True
        self._closed = False

    async def check(self) -> bool:
        """Whether the database replies: the last observation, or a new one while none is made in the background."""
        return not self._closed and (self._available if self._task is not None else await self._reply())

    @asynccontextmanager
    async def observing(self) -> AsyncIterator[None]:
        """Observe during the block."""
        await self._observe()
        self._task = asyncio.create_task(self._run(), name="database availability")
        try:
            yield
        finally:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
            self._disconnect()

    def close(self) -> None:
        """Close the connection; the database counts as unavailable from now on."""
        self._closed = True
        self._disconnect()

    async def _run(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(INTERVAL):
                    await self._wake.wait()
            self._wake.clear()
            await self._observe()

    async def _observe(self) -> None:
        available = await self._reply()
        self._metrics.availability(available=available)
        if available is not self._available:
            self._available = available
            if available:
                _LOG.info("database_available")
            else:
                _LOG.warning("database_unavailable")

    async def _reply(self) -> bool:
        # Not asyncio.timeout: after a stall of the event loop it would expire although the reply is there. The second
        # wait starts after the stall, and the loop reads the socket before it ends.
        request = asyncio.create_task(self._request())
        done, _ = await asyncio.wait({request}, timeout=_REPLY_SECONDS)
        if not done:
            done, _ = await asyncio.wait({request}, timeout=_GRACE_SECONDS)
        if done and request.exception() is None:
            return True
        self._disconnect()
        request.cancel()
        failed = (await asyncio.gather(request, return_exceptions=True))[0]
        if isinstance(failed, Exception) and domain_error(failed) is None:
            _LOG.error("database_probe_failed", exc_info=failed)
        return False

    async def _request(self) -> None:
        if self._connection is None or self._connection.is_closed():
            self._connection = await asyncpg.connect(self._dsn, **self._arguments)
            self._connection.add_termination_listener(lambda _connection: self._wake.set())
        await self._connection.execute("SELECT 1")

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None
