"""asyncpg's pool for reads, measured and traced."""

from contextlib import AbstractContextManager, nullcontext, suppress
from time import perf_counter
from types import TracebackType
from typing import Any, Final

import asyncpg

from app.kit.db.errors import interrupts_statement
from app.kit.db.instrumentation import DatabaseMetrics
from app.kit.deadline import Deadline, current_deadline
from observability.tracing.recording import client_span

_POOL: Final = "read"
_NO_SPAN: Final = nullcontext()
_ATTRIBUTES: Final = {"db.system.name": "postgresql", "db.client.connection.pool.name": _POOL}


class ConnectionPool:
    """Acquires a connection for one statement at a time. Callers are served in the order of their arrival.

    ``timeout`` bounds the wait for a connection, ``limit`` that wait together with the statement and the clean-up,
    where no request sets a deadline; both in seconds.
    """

    __slots__ = ("_limit", "_metrics", "_pool", "_timeout")

    def __init__(
        self, pool: "asyncpg.Pool[asyncpg.Record]", timeout: float, limit: float, metrics: DatabaseMetrics
    ) -> None:
        self._pool = pool
        self._timeout = timeout
        self._limit = limit
        self._metrics = metrics

    def acquire(self) -> "PooledConnection":
        """A context with a connection; raises ``TimeoutError`` if none becomes free within ``timeout`` seconds."""
        return PooledConnection(self._pool, self._timeout, self._limit, self._metrics)

    async def close(self) -> None:
        """Close every connection after its running statement."""
        await self._pool.close()


class PooledConnection:
    """A connection in use by one read. A class, since a generator for each statement would cost more.

    A connection whose reply is outstanding when the block ends is terminated: waiting for it may take for ever.
    """

    __slots__ = ("_acquired", "_connection", "_deadline", "_limit", "_metrics", "_own_deadline", "_pool", "_timeout")

    def __init__(
        self, pool: "asyncpg.Pool[asyncpg.Record]", timeout: float, limit: float, metrics: DatabaseMetrics
    ) -> None:
        self._pool = pool
        self._timeout = timeout
        self._limit = limit
        self._metrics = metrics
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
        return self._connection

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._metrics.query_finished("select", perf_counter() - self._acquired)
        self._metrics.connection_released(_POOL)
        self._deadline.remove(self._connection)
        if error is not None and interrupts_statement(error):
            # The deadline may have terminated it, which returned it to the pool.
            with suppress(asyncpg.InterfaceError):
                self._connection.terminate()
        try:
            await self._pool.release(self._connection)
        finally:
            self._end_own_deadline(error)

    async def _acquire(self) -> None:
        started = perf_counter()
        try:
            with _wait_span(self._pool):
                connection = await self._pool.acquire(timeout=self._timeout)
        finally:
            # A wait that fails counts too: in an exhausted pool most of them do.
            acquired = perf_counter()
            self._metrics.pool_wait(_POOL, acquired - started)
        try:
            self._deadline.add(connection)
        except BaseException:
            await self._pool.release(connection)
            raise
        self._connection: Any = connection
        self._acquired = acquired
        self._metrics.connection_acquired(_POOL)

    def _end_own_deadline(self, error: BaseException | None) -> None:
        if self._own_deadline is not None:
            self._own_deadline.__exit__(None if error is None else type(error), error, None)


def _wait_span(pool: "asyncpg.Pool[asyncpg.Record]") -> AbstractContextManager[Any]:
    """A span for a wait that costs time: no connection is idle, so one must be opened or released first."""
    if pool.get_idle_size():
        return _NO_SPAN
    full = pool.get_size() >= pool.get_max_size()
    return client_span("wait for a connection" if full else "connect", _ATTRIBUTES)
