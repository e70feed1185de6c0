"""A database whose sessions share one connection and one transaction, which is never committed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg
import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kit.db.database import transaction
from app.kit.db.embedded import APPLICATION_ROLE
from app.kit.db.sessions import ReadSession, WriteSession

_AS_APPLICATION: Final = f"SET ROLE {APPLICATION_ROLE}"


class _OneConnection:
    def __init__(self, driver: "asyncpg.Connection[asyncpg.Record]") -> None:
        self._driver = driver

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Any]:
        yield self._driver


class RollbackDatabase:
    """A test reads what it writes; other connections do not, and the rollback removes it.

    ``connection`` belongs to the owner of the tables, and takes the role of the application.
    """

    def __init__(self, connection: AsyncConnection, driver: "asyncpg.Connection[asyncpg.Record]") -> None:
        self.connection = connection
        self.driver = driver
        self.reads = ReadSession(_OneConnection(driver))

    @classmethod
    async def of(cls, connection: AsyncConnection) -> "RollbackDatabase":
        raw = await connection.get_raw_connection()
        driver: Any = raw.driver_connection
        # SQLAlchemy passes JSON as text, and reads pass and expect values: see the ``engine`` fixture.
        await driver.set_type_codec(
            "jsonb",
            schema="pg_catalog",
            encoder=lambda value: value if isinstance(value, str) else orjson.dumps(value).decode(),
            decoder=orjson.loads,
        )
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
