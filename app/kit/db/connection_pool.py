"""Connections that stay at hand between two statements, over asyncpg's pool, with somebody watching."""

import asyncio
from time import perf_counter
from types import TracebackType
from typing import Any, Final

import asyncpg

from app.kit.db.instrumentation import DatabaseMetrics
from observability.tracing.recording import client_span

_POOL: Final = "read"
_WAIT: Final = {"db.system.name": "postgresql", "db.client.connection.pool.name": _POOL}


class Leases:
    """Lends what a pool holds, without the pool's price for each loan: a proxy, a task and a shield.

    A connection that did its work waits here, newest first. One that failed, was interrupted or has closed goes back
    to the pool, which knows how to mend it. Whoever waits for a connection is served in the order of arrival, and
    waits no longer than ``timeout`` seconds. ``size`` is the pool's, and nobody else may borrow from it.
    """

    __slots__ = ("_closing", "_free", "_idle", "_metrics", "_pool", "_timeout")

    def __init__(
        self, pool: "asyncpg.Pool[asyncpg.Record]", size: int, timeout: float, metrics: DatabaseMetrics
    ) -> None:
        self._pool = pool
        self._free = asyncio.Semaphore(size)
        self._timeout = timeout
        self._metrics = metrics
        self._idle: list[Any] = []
        self._closing = False

    def acquire(self) -> "Lease":
        """A connection for one statement, as a context. Entering raises ``TimeoutError`` after a wait in vain."""
        return Lease(self, self._metrics)

    async def close(self) -> None:
        """Give everything back; the pool closes when the last statement has ended."""
        self._closing = True
        while self._idle:
            await self._pool.release(self._idle.pop())
        await self._pool.close()

    async def take(self) -> Any:
        """Borrow a connection; every one is given back with ``give_back``."""
        if self._free.locked():
            with client_span("wait for a connection", _WAIT):
                async with asyncio.timeout(self._timeout):
                    await self._free.acquire()
        else:
            await self._free.acquire()
        try:
            while self._idle:
                connection = self._idle.pop()
                if _usable(connection):
                    return connection
                await self._pool.release(connection)
            with client_span("connect", _WAIT):
                return await self._pool.acquire(timeout=self._timeout)
        except BaseException:
            self._free.release()
            raise

    async def give_back(self, connection: Any, *, sound: bool) -> None:
        """End a loan. ``sound``: the statement ended as it should."""
        try:
            if sound and not self._closing and _usable(connection):
                self._idle.append(connection)
            else:
                await self._pool.release(connection)
        finally:
            self._free.release()


class Lease:
    """One loan for one read: the time that the connection is lent is the time that the statement takes."""

    __slots__ = ("_connection", "_leases", "_lent_at", "_metrics")

    def __init__(self, leases: Leases, metrics: DatabaseMetrics) -> None:
        self._leases = leases
        self._metrics = metrics
        self._lent_at = 0.0

    async def __aenter__(self) -> Any:
        started = perf_counter()
        self._connection = await self._leases.take()
        self._lent_at = perf_counter()
        self._metrics.pool_wait(_POOL, self._lent_at - started)
        self._metrics.connection_acquired(_POOL)
        return self._connection

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._metrics.query_finished("select", perf_counter() - self._lent_at)
        self._metrics.connection_released(_POOL)
        await self._leases.give_back(self._connection, sound=error is None)


def _usable(connection: Any) -> bool:
    try:
        return not connection.is_closed()
    except asyncpg.InterfaceError:
        # Closed by the server while it waited here; the pool has it back already.
        return False
