"""Writes of one statement, which PostgreSQL commits by itself: one round trip instead of three."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from functools import partial
from typing import Any, Final, NamedTuple, cast

from app.kit.db.commit_errors import commit_error
from app.kit.db.errors import Retryable, domain_error, translate_errors
from app.kit.db.instrumentation import DatabaseMetrics
from app.kit.db.sessions import Connections, Row
from app.kit.db.statements import KEYS, NUMBERS, KeyedCount, Write
from observability.concurrency.coalescer import RequestCoalescer
from observability.tracing.recording import client_span

_NO_SPAN: Final = nullcontext()


class Counted(NamedTuple):
    """A row that was counted, and how many later calls of the same batch it contains."""

    row: Row
    later: int


class SingleWrites:
    """Executes compiled writes on the connections of reads, each a transaction of its own.

    ``limit`` writes run at the same time, since a write that waits for a lock occupies its connection. Others wait for
    ``timeout`` seconds, as for a connection.

    A write runs once more after an error only if it certainly had no effect: it was not sent, or PostgreSQL rejected
    it. After a lost connection, a second attempt could make the change twice.
    """

    __slots__ = ("_coalescers", "_connections", "_metrics", "_slots", "_timeout")

    def __init__(self, connections: Connections, limit: int, timeout: float, metrics: DatabaseMetrics) -> None:
        self._connections = connections
        self._slots = asyncio.Semaphore(limit)
        self._timeout = timeout
        self._metrics = metrics
        self._coalescers: dict[KeyedCount, RequestCoalescer[Any, Counted | None]] = {}

    async def write(self, write: Write, /, **values: Any) -> Row | None:
        """The first row that the statement returns, or None. Raises ``Unavailable`` if the outcome is unknown."""
        rows = await self._write(write, values)
        return rows[0] if rows else None

    async def count(self, write: KeyedCount, key: Any) -> Counted | None:
        """Count ``key`` once; None if no row was counted. Concurrent calls share a statement. Raises as ``write``."""
        coalescer = self._coalescers.get(write)
        if coalescer is None:
            coalescer = self._coalescers[write] = RequestCoalescer(partial(self._count_all, write))
        with client_span(*write.span):
            return await coalescer.get(key)

    async def _count_all(self, write: KeyedCount, keys: list[Any]) -> list[Counted | Exception | None]:
        left = Counter(keys)
        rows = await self._write(write, {KEYS: list(left), NUMBERS: list(left.values())}, span=False)
        found = {row[write.key]: row for row in rows}
        counted: list[Counted | Exception | None] = []
        for key in keys:
            left[key] -= 1
            row = found.get(key)
            counted.append(None if row is None else Counted(row, left[key]))
        return counted

    async def _write(self, write: Write, values: dict[str, Any], *, span: bool = True) -> list[Row]:
        async with translate_errors(), self._slot():
            try:
                return await self._attempt(write, values, span=span)
            except Retryable:
                self._metrics.retried("transaction")
            return await self._attempt(write, values, span=span)

    async def _attempt(self, write: Write, values: dict[str, Any], *, span: bool) -> list[Row]:
        operation, sent = write.sql.partition(" ")[0], False
        try:
            async with self._connections.acquire(operation) as connection:
                with client_span(*write.span) if span else _NO_SPAN:
                    sent = True
                    return cast("list[Row]", await connection.fetch(write.sql, *write.arguments(values)))
        except Exception as error:
            translation = domain_error(error)
            if sent:
                translation = commit_error(error, translation)
            if translation is None:
                raise
            raise translation from error

    @asynccontextmanager
    async def _slot(self) -> AsyncIterator[None]:
        async with asyncio.timeout(self._timeout):
            await self._slots.acquire()
        try:
            yield
        finally:
            self._slots.release()
