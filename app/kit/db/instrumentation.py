"""Measures the waits, connections and statements of both pools."""

import logging
from time import perf_counter
from typing import Any, Final, Protocol

from sqlalchemy import AsyncAdaptedQueuePool, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import PoolProxiedConnection

from app.kit.db.errors import LOST_FIRST_CONNECTION, ConnectionLost

_WRITE: Final = "write"
_STARTED: Final = "strata_started"


class DatabaseMetrics(Protocol):
    """Counts waits, connections in use and statements. Its methods must be fast and must not raise.

    ``pool`` is ``read`` or ``write``; times are in seconds.
    """

    def pool_wait(self, pool: str, seconds: float) -> None: ...

    def connection_acquired(self, pool: str) -> None: ...

    def connection_released(self, pool: str) -> None: ...

    def query_finished(self, statement: str, seconds: float) -> None:
        """Count a statement, whether it succeeded or failed."""

    def retried(self, work: str) -> None:
        """Count a second attempt. ``work`` is ``read`` or ``transaction``."""

    def availability(self, *, available: bool) -> None:
        """Record whether the database replies."""


class NullDatabaseMetrics:
    """Counts nothing; used by commands that run for seconds."""

    def pool_wait(self, pool: str, seconds: float) -> None: ...

    def connection_acquired(self, pool: str) -> None: ...

    def connection_released(self, pool: str) -> None: ...

    def query_finished(self, statement: str, seconds: float) -> None: ...

    def retried(self, work: str) -> None: ...

    def availability(self, *, available: bool) -> None: ...


def timed_pool(metrics: DatabaseMetrics) -> type[AsyncAdaptedQueuePool]:
    """A subclass of SQLAlchemy's pool that reports how long each caller waited for a connection."""
    # At INFO, SQLAlchemy logs every connection that it replaces.
    logging.getLogger(f"{__name__}.TimedPool").setLevel(logging.WARNING)

    class TimedPool(AsyncAdaptedQueuePool):
        """A class for each ``metrics``, since the engine creates its pool from the class alone."""

        def connect(self) -> PoolProxiedConnection:
            started = perf_counter()
            try:
                return super().connect()
            except LOST_FIRST_CONNECTION as error:
                raise ConnectionLost(retry_after=1) from error
            finally:
                # A wait that fails counts too: in an exhausted pool most of them do.
                metrics.pool_wait(_WRITE, perf_counter() - started)

    return TimedPool


def observe_engine(engine: AsyncEngine, metrics: DatabaseMetrics) -> None:
    """Report the connections and statements of transactions to ``metrics``."""
    sync = engine.sync_engine

    @event.listens_for(sync, "checkout")
    def connection_acquired(connection: Any, *_arguments: object) -> None:
        if connection.driver_connection.is_closed():
            # The server closed it while it was idle: the pool opens another one. Costs no round trip, unlike pre_ping.
            raise DisconnectionError
        metrics.connection_acquired(_WRITE)

    @event.listens_for(sync, "checkin")
    def connection_released(*_arguments: object) -> None:
        metrics.connection_released(_WRITE)

    @event.listens_for(sync, "before_cursor_execute")
    def begin(connection: Any, *_arguments: object) -> None:
        connection.info[_STARTED] = perf_counter()

    @event.listens_for(sync, "after_cursor_execute")
    def end(connection: Any, _cursor: object, statement: str, *_arguments: object) -> None:
        metrics.query_finished(statement, perf_counter() - connection.info[_STARTED])

    @event.listens_for(sync, "handle_error")
    def fail(context: Any) -> None:
        started = context.connection.info.pop(_STARTED, None) if context.connection is not None else None
        if context.statement is not None and started is not None:
            metrics.query_finished(context.statement, perf_counter() - started)
