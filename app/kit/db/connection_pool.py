"""asyncpg's pool for single statements, measured and traced."""

import asyncio
from collections import deque
from contextlib import AbstractContextManager, nullcontext, suppress
from time import perf_counter
from types import TracebackType
from typing import Any, Final, NamedTuple

import asyncpg

from app.kit.db.errors import interrupts_statement
from app.kit.db.instrumentation import DatabaseMetrics
from app.kit.deadline import Deadline, current_deadline
from observability.tracing.recording import client_span

_POOL: Final = "read"
_NO_SPAN: Final = nullcontext()
_ATTRIBUTES: Final = {"db.system.name": "postgresql", "db.client.connection.pool.name": _POOL}
_KEPT_SECONDS: Final = 60.0
"""How long statements pass on a connection. Then the driver's pool gets it back, which closes old and unused ones."""


class _Kept(NamedTuple):
    """A connection that the driver's pool has lent, until a time of ``perf_counter``."""

    connection: Any
    until: float


class ConnectionPool:
    """Acquires a connection for one statement at a time. Callers are served in the order of their arrival.

    ``timeout`` bounds the wait for a connection, ``limit`` that wait together with the statement and the clean-up,
    where no request sets a deadline; both in seconds.

    The driver's pool opens and closes connections. Between, statements pass them on without it: it starts a task for
    each acquisition (before Python 3.12) and for each release, which cost more than many statements.
    """

    __slots__ = ("_free", "_is_closing", "_lent", "_limit", "_metrics", "_most", "_pool", "_timeout", "_waiters")

    def __init__(
        self, pool: "asyncpg.Pool[asyncpg.Record]", timeout: float, limit: float, metrics: DatabaseMetrics
    ) -> None:
        self._pool = pool
        self._timeout = timeout
        self._limit = limit
        self._metrics = metrics
        self._most = pool.get_max_size()
        self._lent = 0
        """Connections that the driver's pool has lent, or will."""
        self._free: list[_Kept] = []
        self._waiters: deque[asyncio.Future[_Kept | None]] = deque()
        self._is_closing = False

    def acquire(self, operation: str = "select") -> "PooledConnection":
        """A context with a connection; raises ``TimeoutError`` if none becomes free within ``timeout`` seconds.

        ``operation`` is the first word of the statement.
        """
        return PooledConnection(self, self._limit, self._metrics, operation)

    def take(self) -> _Kept | None:
        """A kept connection that is open, or None."""
        while self._free:
            kept = self._free.pop()
            if _is_open(kept.connection):
                return kept
            _terminate(kept.connection)
            self._lent -= 1
        return None

    async def wait(self) -> _Kept:
        """A connection of the driver's pool, or one that another caller gives back."""
        if self._lent < self._most:
            self._lent += 1
            return await self._borrow()
        with client_span("wait for a connection", _ATTRIBUTES):
            kept = await self._next()
        return kept or await self._borrow()

    async def give_back(self, kept: _Kept) -> None:
        """Pass the connection to the caller that waits longest, or keep it until the end of its time."""
        now = perf_counter()
        if now < kept.until and not self._is_closing and _is_open(kept.connection):
            if self._pass_on(kept):
                return
            self._free.append(kept)
            kept = self._free[0]
            if now < kept.until:
                return
            del self._free[0]
        try:
            await self._pool.release(kept.connection)
        finally:
            self._leave_place()

    async def close(self) -> None:
        """Close every connection after its running statement."""
        self._is_closing = True
        while self._free:
            await self._pool.release(self._free.pop().connection)
        await self._pool.close()

    async def _borrow(self) -> _Kept:
        """A connection of the driver's pool, in which the caller has a place."""
        try:
            with _connect_span(self._pool):
                connection = await self._pool.acquire(timeout=self._timeout)
        except BaseException:
            self._leave_place()
            raise
        return _Kept(connection, perf_counter() + _KEPT_SECONDS)

    async def _next(self) -> _Kept | None:
        """The next connection that is given back, or None: its place in the driver's pool."""
        waiter: asyncio.Future[_Kept | None] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            async with asyncio.timeout(self._timeout):
                return await waiter
        except BaseException:
            if waiter.done() and not waiter.cancelled():
                # It was passed on at the last moment.
                kept = waiter.result()
                if kept is None or self._is_closing:
                    if kept is not None:
                        _terminate(kept.connection)
                    self._leave_place()
                elif not self._pass_on(kept):
                    self._free.append(kept)
            raise

    def _pass_on(self, kept: _Kept | None) -> bool:
        """Serve the first waiter with a connection, or with a free place; return False if no caller waits."""
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(kept)
                return True
        return False

    def _leave_place(self) -> None:
        if not self._pass_on(None):
            self._lent -= 1


class PooledConnection:
    """A connection in use by one statement. A class, since a generator for each statement would cost more.

    A connection whose reply is outstanding when the block ends is terminated: waiting for it may take for ever.
    """

    __slots__ = (
        "_acquired",
        "_deadline",
        "_kept",
        "_limit",
        "_metrics",
        "_operation",
        "_own_deadline",
        "_pool",
    )

    def __init__(self, pool: ConnectionPool, limit: float, metrics: DatabaseMetrics, operation: str) -> None:
        self._pool = pool
        self._limit = limit
        self._metrics = metrics
        self._operation = operation
        self._own_deadline: Deadline | None = None

    async def __aenter__(self) -> Any:
        deadline = current_deadline()
        if deadline is None:
            deadline = self._own_deadline = Deadline(self._limit).__enter__()
        self._deadline = deadline
        try:
            await self._acquire()
        except BaseException as error:
            self._end_own_deadline(error)
            raise
        return self._kept.connection

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._metrics.query_finished(self._operation, perf_counter() - self._acquired)
        self._metrics.connection_released(_POOL)
        self._deadline.remove(self._kept.connection)
        if error is not None and interrupts_statement(error):
            _terminate(self._kept.connection)
        try:
            await self._pool.give_back(self._kept)
        finally:
            self._end_own_deadline(error)

    async def _acquire(self) -> None:
        started = perf_counter()
        try:
            kept = self._pool.take() or await self._pool.wait()
        finally:
            # A wait that fails counts too: in an exhausted pool most of them do.
            acquired = perf_counter()
            self._metrics.pool_wait(_POOL, acquired - started)
        try:
            self._deadline.add(kept.connection)
        except BaseException:
            await self._pool.give_back(kept)
            raise
        self._kept = kept
        self._acquired = acquired
        self._metrics.connection_acquired(_POOL)

    def _end_own_deadline(self, error: BaseException | None) -> None:
        if self._own_deadline is not None:
            self._own_deadline.__exit__(None if error is None else type(error), error, None)


def _is_open(connection: Any) -> bool:
    try:
        return not connection.is_closed()
    except asyncpg.InterfaceError:
        # It was closed, and the driver's pool has noticed.
        return False


def _terminate(connection: Any) -> None:
    with suppress(asyncpg.InterfaceError):
        connection.terminate()


def _connect_span(pool: "asyncpg.Pool[asyncpg.Record]") -> AbstractContextManager[Any]:
    """A span for the time that it takes to open a connection, unless one is idle."""
    return _NO_SPAN if pool.get_idle_size() else client_span("connect", _ATTRIBUTES)
