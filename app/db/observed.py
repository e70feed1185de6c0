"""The two pools, with somebody watching."""

from time import perf_counter
from types import TracebackType
from typing import Any, Final

import asyncpg
from sqlalchemy import AsyncAdaptedQueuePool, event
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import PoolProxiedConnection

from app.db.observer import DatabaseObserver

_READ: Final = "read"
_WRITE: Final = "write"
_STARTED: Final = "strata_started"


class ReadPool:
    """asyncpg's pool with a bound on the wait for a free connection: it is fair, but waits for ever by default."""

    __slots__ = ("_observer", "_pool", "_timeout")

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", timeout: float, observer: DatabaseObserver) -> None:
        self._pool = pool
        self._timeout = timeout
        self._observer = observer

    def acquire(self) -> "_Loan":
        """A connection for one statement."""
        return _Loan(self._pool.acquire(timeout=self._timeout), self._observer)


class _Loan:
    """One connection, lent for one read: the time that it is lent is the time that the statement takes."""

    __slots__ = ("_lent_at", "_observer", "_waiting")

    def __init__(self, waiting: Any, observer: DatabaseObserver) -> None:
        self._waiting = waiting
        self._observer = observer
        self._lent_at = 0.0

    async def __aenter__(self) -> Any:
        started = perf_counter()
        connection = await self._waiting.__aenter__()
        self._lent_at = perf_counter()
        self._observer.waited(_READ, self._lent_at - started)
        self._observer.lent(_READ)
        return connection

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._observer.ran("select", perf_counter() - self._lent_at)
        self._observer.returned(_READ)
        await self._waiting.__aexit__(kind, error, trace)


def timed_pool(observer: DatabaseObserver) -> type[AsyncAdaptedQueuePool]:
    """SQLAlchemy's pool, which tells how long it let one wait."""

    class TimedPool(AsyncAdaptedQueuePool):
        """A class for each observer: the engine makes and remakes its pool from the class alone."""

        def connect(self) -> PoolProxiedConnection:
            started = perf_counter()
            connection = super().connect()
            observer.waited(_WRITE, perf_counter() - started)
            return connection

    return TimedPool


def observe_engine(engine: AsyncEngine, observer: DatabaseObserver) -> None:
    """Watch the connections and statements of transactions."""
    sync = engine.sync_engine

    @event.listens_for(sync, "checkout")
    def lent(*_arguments: object) -> None:
        observer.lent(_WRITE)

    @event.listens_for(sync, "checkin")
    def returned(*_arguments: object) -> None:
        observer.returned(_WRITE)

    @event.listens_for(sync, "before_cursor_execute")
    def begin(connection: Any, *_arguments: object) -> None:
        connection.info[_STARTED] = perf_counter()

    @event.listens_for(sync, "after_cursor_execute")
    def end(connection: Any, _cursor: object, statement: str, *_arguments: object) -> None:
        observer.ran(statement, perf_counter() - connection.info[_STARTED])

    @event.listens_for(sync, "handle_error")
    def fail(context: Any) -> None:
        started = context.connection.info.pop(_STARTED, None) if context.connection is not None else None
        if context.statement is not None and started is not None:
            observer.ran(context.statement, perf_counter() - started)
