"""The engine's pool and statements, with somebody watching."""

from time import perf_counter
from typing import Any, Final

from sqlalchemy import AsyncAdaptedQueuePool, event
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import PoolProxiedConnection

from app.kit.db.observer import DatabaseObserver

_WRITE: Final = "write"
_STARTED: Final = "strata_started"


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
