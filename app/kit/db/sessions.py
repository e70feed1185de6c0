"""Two kinds of session, so that a signature tells whether a function may write."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Protocol, cast

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.db.errors import translated
from app.kit.db.statements import KEYS, KeyedRead, Read
from observability.concurrency.coalescer import RequestCoalescer
from observability.tracing.recording import client_span

Row = asyncpg.Record


class Connections(Protocol):
    """Where a read borrows a connection."""

    def acquire(self) -> Any: ...


class ReadSession:
    """Runs reads one by one, each on a connection it holds only while the statement runs.

    Every read is its own snapshot (autocommit): no ``BEGIN`` and no ``ROLLBACK`` round trip is paid. Nothing is
    held between two statements, so a slow handler takes no connection from anyone.
    """

    __slots__ = ("_coalescers", "_connections")

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._coalescers: dict[KeyedRead, RequestCoalescer[Any, Row | None]] = {}

    async def all(self, read: Read, /, **values: Any) -> list[Row]:
        """Every row."""
        async with translated(), self._connections.acquire() as connection:
            with client_span(*read.span):
                return cast("list[Row]", await connection.fetch(read.sql, *read.arguments(values)))

    async def one(self, read: Read, /, **values: Any) -> Row | None:
        """The first row, or None."""
        async with translated(), self._connections.acquire() as connection:
            with client_span(*read.span):
                return cast("Row | None", await connection.fetchrow(read.sql, *read.arguments(values)))

    async def scalar(self, read: Read, /, **values: Any) -> Any:
        """The first column of the first row, or None."""
        row = await self.one(read, **values)
        return None if row is None else row[0]

    async def by_key(self, read: KeyedRead, key: Any) -> Row | None:
        """The row of ``key``, or None; those who ask at the same time share a statement.

        A statement that fails, fails for all of them, so keys are of types that PostgreSQL cannot refuse.
        """
        coalescer = self._coalescers.get(read)
        if coalescer is None:
            coalescer = self._coalescers[read] = RequestCoalescer(partial(self._by_keys, read))
        with client_span(*read.span):
            return await coalescer.get(key)

    async def _by_keys(self, read: KeyedRead, keys: list[Any]) -> list[Row | Exception | None]:
        async with translated(), self._connections.acquire() as connection:
            rows = await connection.fetch(read.sql, *read.arguments({KEYS: keys}))
        found = {row[read.key]: row for row in rows}
        return [found.get(key) for key in keys]


class WriteSession(AsyncSession):
    """One request's transaction: opened at the edge, committed there before the response, rolled back on any error."""

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """Undo what the block did if it fails, and keep the transaction."""
        async with self.begin_nested():
            yield

    async def driver(self) -> "asyncpg.Connection[Row]":
        """The transaction's own asyncpg connection, for a library that speaks to the driver."""
        connection = await self.connection()
        raw = await connection.get_raw_connection()
        return cast("asyncpg.Connection[Row]", raw.driver_connection)
