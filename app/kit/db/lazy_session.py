"""A session of SQLAlchemy that exists only if a transaction uses it: the connection alone is enough for the driver."""

import asyncio
from types import TracebackType
from typing import Any, Final, TypeAlias, cast

import asyncpg
from sqlalchemy import Connection, event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession
from sqlalchemy.orm import Session
from sqlalchemy.util import greenlet_spawn

from app.kit.deadline import current_deadline

Driver: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
_DRIVER: Final = "driver"
"""The key of the asyncpg connection in the ``info`` of SQLAlchemy's session."""
_SESSION: Final = {"sync_session", "_proxied"}
"""The attributes in which ``AsyncSession`` keeps SQLAlchemy's session."""


class _SyncSession(Session):
    """The part of a ``LazySession`` that SQLAlchemy executes in a greenlet."""


@event.listens_for(_SyncSession, "after_begin")
def _record_driver(session: Session, _transaction: object, connection: Any) -> None:
    driver = connection.connection.driver_connection
    if session.info.get(_DRIVER) is driver:
        return
    session.info[_DRIVER] = driver
    _add_to_deadline(driver)


class LazySession(AsyncSession):
    """One transaction on one connection of the engine.

    Compiled statements need the connection only, which costs a fraction of SQLAlchemy's session. That is built when
    something uses it (``add``, ``execute``, a savepoint), and continues in the same transaction.
    """

    sync_session_class = _SyncSession

    def __init__(self, bind: AsyncEngine | AsyncConnection, **options: Any) -> None:
        self._bind = bind
        self._options = options
        self._alone: Connection | None = None
        """The connection that was acquired before SQLAlchemy's session was built."""
        self._driver: Driver | None = None
        """Its asyncpg connection."""

    def __getattr__(self, name: str) -> Any:
        if name not in _SESSION:
            raise AttributeError(name)
        if self._alone is None:
            super().__init__(self._bind, **self._options)
        else:
            bind = AsyncConnection(cast("AsyncEngine", self._bind), self._alone)
            super().__init__(bind, join_transaction_mode="control_fully", **self._options)
            self.sync_session.info[_DRIVER] = self._driver
        return self.__dict__[name]

    @property
    def has_unit_of_work(self) -> bool:
        """Whether something has used SQLAlchemy's session."""
        return "sync_session" in self.__dict__

    @property
    def known_driver(self) -> "Driver | None":
        """The asyncpg connection of the transaction, if it has one."""
        return self._last_driver if self.in_transaction() else None

    def in_transaction(self) -> bool:
        """Whether the transaction has a connection."""
        return self._alone is not None or (self.has_unit_of_work and super().in_transaction())

    async def connected(self) -> Driver:
        """The asyncpg connection, which is acquired if the transaction has none. Sends nothing."""
        if self.has_unit_of_work or isinstance(self._bind, AsyncConnection):
            await self.connection()
            return cast("Driver", self.sync_session.info[_DRIVER])
        if self._alone is None:
            alone = self._alone = await greenlet_spawn(self._bind.sync_engine.connect)
            self._driver = cast("Driver", alone.connection.driver_connection)
            _add_to_deadline(self._driver)
        return cast("Driver", self._driver)

    async def driver(self) -> Driver:
        """The asyncpg connection of the transaction, which has begun, for libraries that use the driver directly."""
        known = self.known_driver
        if known is not None and known.is_in_transaction():
            return known
        driver = await self.connected()
        if not driver.is_in_transaction():
            if self.has_unit_of_work:
                adapter: Any = (await (await self.connection()).get_raw_connection()).dbapi_connection
            else:
                alone = cast("Connection", self._alone)
                # Sends nothing; without it, SQLAlchemy would not commit.
                alone.begin()
                adapter = alone.connection.dbapi_connection
            # SQLAlchemy sends BEGIN with its own first statement; one of the driver would be committed at once. Its
            # adapter has no public method that sends BEGIN alone.
            await adapter._start_transaction()  # noqa: SLF001 - see above
        return driver

    async def commit(self) -> None:
        """See ``AsyncSession``."""
        if self.has_unit_of_work:
            await super().commit()
        # SQLAlchemy's session commits only what it has taken part in.
        if self._alone is not None and self._alone.in_transaction():
            await greenlet_spawn(self._alone.commit)

    async def flush(self, objects: Any = None) -> None:
        """See ``AsyncSession``."""
        if self.has_unit_of_work:
            await super().flush(objects)

    async def invalidate(self) -> None:
        """See ``AsyncSession``."""
        if self.has_unit_of_work:
            await super().invalidate()
        if self._alone is not None:
            if not self._alone.invalidated:
                await greenlet_spawn(self._alone.invalidate)
            await self._release()

    async def close(self) -> None:
        """See ``AsyncSession``."""
        if self.has_unit_of_work:
            await super().close()
        await self._release()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.has_unit_of_work or (self._alone is not None and self._alone.in_transaction()):
            # A rollback waits for the server, so a cancelled request must not interrupt it.
            await asyncio.shield(asyncio.create_task(self.close()))
        else:
            await self._release()

    async def discard(self) -> None:
        """Close the connection without a rollback, which would wait for the server; the server rolls back itself."""
        if (driver := self._last_driver) is not None:
            driver.terminate()
            await self.invalidate()

    def leave_deadline(self) -> None:
        """The transaction ended: the deadline terminates its connection no longer."""
        driver, deadline = self._last_driver, current_deadline()
        if driver is not None and deadline is not None:
            deadline.remove(driver)

    @property
    def _last_driver(self) -> "Driver | None":
        """The asyncpg connection, even if the transaction has ended."""
        if self.has_unit_of_work:
            return cast("Driver | None", self.sync_session.info.get(_DRIVER))
        return self._driver

    async def _release(self) -> None:
        if self._alone is not None:
            alone, self._alone = self._alone, None
            await greenlet_spawn(alone.close)


def _add_to_deadline(driver: Any) -> None:
    if (deadline := current_deadline()) is not None:
        deadline.add(driver)
