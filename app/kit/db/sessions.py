"""Two types of session, so that the signature of a function shows whether it may write."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Protocol, cast

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.db.errors import translate_errors
from app.kit.db.statements import KEYS, KeyedRead, Read
from observability.concurrency.coalescer import RequestCoalescer
from observability.tracing.recording import client_span

Row = asyncpg.Record


class Connections(Protocol):
    """A source of connections for reads."""

    def acquire(self) -> Any: ...


class ReadSession:
    """Executes single statements, each on a connection that it occupies only during the statement.

    Every read is its own snapshot (autocommit), which saves the round trips of ``BEGIN`` and ``ROLLBACK``. A slow
    handler occupies no connection between two statements.
    """

    __slots__ = ("_coalescers", "_connections")

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._coalescers: dict[KeyedRead, RequestCoalescer[Any, Row | None]] = {}

    async def all(self, read: Read, /, **values: Any) -> list[Row]:
        """Every row."""
        async with translate_errors(), self._connections.acquire() as connection:
            with client_span(*read.span):
                return cast("list[Row]", await connection.fetch(read.sql, *read.arguments(values)))

    async def one(self, read: Read, /, **values: Any) -> Row | None:
        """The first row, or None."""
        async with translate_errors(), self._connections.acquire() as connection:
            with client_span(*read.span):
                return cast("Row | None", await connection.fetchrow(read.sql, *read.arguments(values)))

    async def scalar(self, read: Read, /, **values: Any) -> Any:
        """The first column of the first row, or None."""
        row = await self.one(read, **values)
        return None if row is None else row[0]

    async def by_key(self, read: KeyedRead, key: Any) -> Row | None:
        """The row of ``key``, or None. Concurrent calls share a statement.

        A failed statement fails for all of them, so every value of the type of a key must be valid for PostgreSQL.
        """
        coalescer = self._coalescers.get(read)
        if coalescer is None:
            coalescer = self._coalescers[read] = RequestCoalescer(partial(self._by_keys, read))
        with client_span(*read.span):
            return await coalescer.get(key)

    async def _by_keys(self, read: KeyedRead, keys: list[Any]) -> list[Row | Exception | None]:
        async with translate_errors(), self._connections.acquire() as connection:
            rows = await connection.fetch(read.sql, *read.arguments({KEYS: keys}))
        found = {row[read.key]: row for row in rows}
        return [found.get(key) for key in keys]


class WriteSession(AsyncSession):
    """The transaction of one request: committed before the response is sent, rolled back on an error."""

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """Roll back only the block if it raises; the transaction stays usable."""
        async with self.begin_nested():
            yield

    async def driver(self) -> "asyncpg.Connection[Row]":
        """The asyncpg connection of the transaction, for libraries that use the driver directly."""
        connection = await self.connection()
        raw = await connection.get_raw_connection()
        return cast("asyncpg.Connection[Row]", raw.driver_connection)
