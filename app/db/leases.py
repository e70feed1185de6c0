"""Connections that stay at hand between two statements, over asyncpg's pool."""

import asyncio
from types import TracebackType
from typing import Any

import asyncpg


class Leases:
    """Lends what a pool holds, without the pool's price for each loan: a proxy, a task and a shield.

    A connection that did its work waits here, newest first. One that failed, was interrupted or has closed goes back
    to the pool, which knows how to mend it. Whoever waits for a connection is served in the order of arrival. ``size``
    is the pool's, and nobody else may borrow from it.
    """

    __slots__ = ("_closing", "_free", "_idle", "_pool")

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", size: int) -> None:
        self._pool = pool
        self._free = asyncio.Semaphore(size)
        self._idle: list[Any] = []
        self._closing = False

    def acquire(self, *, timeout: float) -> "Lease":
        """A connection, as a context. Entering raises ``TimeoutError`` after so many seconds without one."""
        return Lease(self, timeout)

    async def close(self) -> None:
        """Give everything back; the pool closes when the last statement has ended."""
        self._closing = True
        while self._idle:
            await self._pool.release(self._idle.pop())
        await self._pool.close()

    async def take(self, seconds: float) -> Any:
        """Borrow a connection; every one is given back with ``give_back``."""
        if self._free.locked():
            async with asyncio.timeout(seconds):
                await self._free.acquire()
        else:
            await self._free.acquire()
        try:
            while self._idle:
                connection = self._idle.pop()
                if _usable(connection):
                    return connection
                await self._pool.release(connection)
            return await self._pool.acquire(timeout=seconds)
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
    """One loan."""

    __slots__ = ("_connection", "_leases", "_seconds")

    def __init__(self, leases: Leases, seconds: float) -> None:
        self._leases = leases
        self._seconds = seconds

    async def __aenter__(self) -> Any:
        self._connection = await self._leases.take(self._seconds)
        return self._connection

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._leases.give_back(self._connection, sound=error is None)


def _usable(connection: Any) -> bool:
    try:
        return not connection.is_closed()
    except asyncpg.InterfaceError:
        # Closed by the server while it waited here; the pool has it back already.
        return False
