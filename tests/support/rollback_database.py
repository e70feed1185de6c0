"""A database whose sessions share one connection and one transaction, which is never committed."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Any, Final

import asyncpg
import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from app.kit.db.copies import Chunks, CopyOptions
from app.kit.db.database import sqlalchemy_url, transaction
from app.kit.db.embedded import APPLICATION_ROLE
from app.kit.db.instrumentation import NullDatabaseMetrics
from app.kit.db.sessions import ReadSession, WriteSession
from app.kit.db.single_writes import SingleWrites
from app.kit.db.statements import Read
from app.kit.db.timestamps import set_timestamp_codec
from tests.support.waiting import PATIENCE

_AS_APPLICATION: Final = f"SET ROLE {APPLICATION_ROLE}"


class _SharedConnection(asyncpg.Connection):
    """Executes one statement at a time: a background task waits for that of the test, which the driver refuses."""

    lock: asyncio.Lock | None = None
    """SQLAlchemy's adapter holds it during each of its statements, also while it sends ``BEGIN`` with the first one."""

    def _turn(self) -> AbstractAsyncContextManager[Any]:
        return self.lock if self.lock is not None and self.is_in_transaction() else nullcontext()

    async def execute(self, query: str, *args: Any, **options: Any) -> str:
        async with self._turn():
            return await super().execute(query, *args, **options)

    async def fetch(self, query: str, *args: Any, **options: Any) -> Any:
        async with self._turn():
            return await super().fetch(query, *args, **options)

    async def fetchrow(self, query: str, *args: Any, **options: Any) -> Any:
        async with self._turn():
            return await super().fetchrow(query, *args, **options)

    async def fetchval(self, query: str, *args: Any, **options: Any) -> Any:
        async with self._turn():
            return await super().fetchval(query, *args, **options)


def shared_engine(dsn: str, **options: Any) -> AsyncEngine:
    """An engine with connections that a ``RollbackDatabase`` can share."""
    return create_async_engine(sqlalchemy_url(dsn), connect_args={"connection_class": _SharedConnection}, **options)


class _UncancelledStatements:
    """Executes statements to their end, also when their caller is cancelled.

    A cancelled statement fails, and with it the transaction that all callers share. Statements of the application each
    have a transaction of their own.
    """

    def __init__(self, driver: "asyncpg.Connection[asyncpg.Record]") -> None:
        self._driver = driver

    async def fetch(self, sql: str, *arguments: Any) -> Any:
        return await _completed(self._driver.fetch(sql, *arguments))

    async def fetchrow(self, sql: str, *arguments: Any) -> Any:
        return await _completed(self._driver.fetchrow(sql, *arguments))


async def _completed(statement: Coroutine[Any, Any, Any]) -> Any:
    running = asyncio.ensure_future(statement)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.gather(running, return_exceptions=True)
        raise


class _OneConnection:
    def __init__(self, driver: "asyncpg.Connection[asyncpg.Record]") -> None:
        self._driver = driver
        self._statements = _UncancelledStatements(driver)

    @asynccontextmanager
    async def acquire(self, operation: str = "select") -> AsyncIterator[Any]:
        """A write that fails is undone alone. Reads of the application do not fail, and a savepoint costs two trips."""
        if operation == "select":
            yield self._statements
            return
        async with self._driver.transaction():
            yield self._statements


class _CopiesOfTransaction:
    """Copies what the transaction sees, in the time zone of exports."""

    def __init__(self, driver: "asyncpg.Connection[asyncpg.Record]") -> None:
        self._driver = driver

    @asynccontextmanager
    async def copy(self, read: Read, values: dict[str, Any], options: CopyOptions) -> AsyncIterator[Chunks]:
        chunks = Chunks(self._driver, read, values, options, seconds=None)
        try:
            yield chunks
        finally:
            await chunks.end()


class RollbackDatabase:
    """A test reads what it writes; other connections do not, and the rollback removes it.

    ``connection`` belongs to the owner of the tables, and takes the role of the application.
    """

    def __init__(self, connection: AsyncConnection, driver: "asyncpg.Connection[asyncpg.Record]") -> None:
        self.connection = connection
        self.driver = driver
        self.reads = ReadSession(_OneConnection(driver))
        self.single_writes = SingleWrites(_OneConnection(driver), 1, PATIENCE, NullDatabaseMetrics())
        self.copies = _CopiesOfTransaction(driver)

    @classmethod
    async def of(cls, connection: AsyncConnection) -> "RollbackDatabase":
        raw = await connection.get_raw_connection()
        driver: Any = raw.driver_connection
        assert isinstance(driver, _SharedConnection)
        # The adapter has no public name for it.
        adapter: Any = raw.dbapi_connection
        driver.lock = adapter._execute_mutex
        # SQLAlchemy passes JSON as text, and reads pass and expect values: see the ``engine`` fixture.
        await driver.set_type_codec(
            "jsonb",
            schema="pg_catalog",
            encoder=lambda value: value if isinstance(value, str) else orjson.dumps(value).decode(),
            decoder=orjson.loads,
        )
        await set_timestamp_codec(driver)
        # Within the transaction, whose rollback returns the connection to the pool with the role of the owner.
        await connection.execute(text(_AS_APPLICATION))
        return cls(connection, driver)

    @asynccontextmanager
    async def as_owner(self) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
        """The connection with the role of the owner of the tables, for statements that bypass the application."""
        await self.driver.execute("RESET ROLE")
        yield self.driver
        await self.driver.execute(_AS_APPLICATION)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[WriteSession]:
        """A savepoint in place of a transaction."""
        session = WriteSession(self.connection, expire_on_commit=False, join_transaction_mode="create_savepoint")
        async with transaction(session):
            yield session

    async def ping(self) -> None:
        await self.driver.execute("SELECT 1")

    @asynccontextmanager
    async def observed(self) -> AsyncIterator[None]:
        """Observe nothing."""
        yield

    async def close(self) -> None:
        """Do nothing: the fixture closes the connection."""
