"""asyncpg's pool for reads, measured and traced."""

from contextlib import AbstractContextManager, nullcontext
from time import perf_counter
from types import TracebackType
from typing import Any, Final

import asyncpg

from app.kit.db.instrumentation import DatabaseMetrics
from observability.tracing.recording import client_span

_POOL: Final = "read"
_NO_SPAN: Final = nullcontext()
_ATTRIBUTES: Final = {"db.system.name": "postgresql", "db.client.connection.pool.name": _POOL}


class ConnectionPool:
    """Acquires a connection for one statement at a time. Callers are served in the order of their arrival."""

    __slots__ = ("_metrics", "_pool", "_timeout")

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", timeout: float, metrics: DatabaseMetrics) -> None:
        self._pool = pool
        self._timeout = timeout
        self._metrics = metrics

    def acquire(self) -> "PooledConnection":
        """A context with a connection; raises ``TimeoutError`` if none becomes free within ``timeout`` seconds."""
        return PooledConnection(self._pool, self._timeout, self._metrics)

    async def close(self) -> None:
        """Close every connection after its running statement."""
        await self._pool.close()


class PooledConnection:
    """A connection in use by one read. A class, since a generator for each statement would cost more."""

    __slots__ = ("_acquired", "_connection", "_metrics", "_pool", "_timeout")

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", timeout: float, metrics: DatabaseMetrics) -> None:
        self._pool = pool
        self._timeout = timeout
        self._metrics = metrics

    async def __aenter__(self) -> Any:
        started = perf_counter()
        with _wait_span(self._pool):
            self._connection = await self._pool.acquire(timeout=self._timeout)
        self._acquired = perf_counter()
        self._metrics.pool_wait(_POOL, self._acquired - started)
        self._metrics.connection_acquired(_POOL)
        return self._connection

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._metrics.query_finished("select", perf_counter() - self._acquired)
        self._metrics.connection_released(_POOL)
        await self._pool.release(self._connection)


def _wait_span(pool: "asyncpg.Pool[asyncpg.Record]") -> AbstractContextManager[Any]:
    """A span for a wait that costs time: no connection is idle, so one must be opened or released first."""
    if pool.get_idle_size():
        return _NO_SPAN
    full = pool.get_size() >= pool.get_max_size()
    return client_span("wait for a connection" if full else "connect", _ATTRIBUTES)
