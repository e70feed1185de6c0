"""Two types of session, so that the signature of a function shows whether it may write."""

from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any, Final, Protocol, cast

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.errors import Unavailable
from app.kit.db.errors import Retryable, translate_errors
from app.kit.db.inserts import WRITTEN_ID, Bound, InsertInto, NewRow, combined
from app.kit.db.instrumentation import DatabaseMetrics, NullDatabaseMetrics
from app.kit.db.lazy_session import LazySession
from app.kit.db.statements import KEYS, KeyedRead, Read, Write
from observability.concurrency.coalescer import RequestCoalescer
from observability.tracing.recording import client_span
from observability.tracing.sql import statement_span

Row = asyncpg.Record


@dataclass(frozen=True, slots=True)
class Nudge:
    """What listeners of ``channel`` receive after a commit: at most 7,999 bytes, and nothing secret.

    A nudge that ``replaces`` takes the place of an earlier one of its channel that has not been sent yet.
    """

    channel: str
    payload: str = ""
    replaces: bool = True


_NO_METRICS: Final = NullDatabaseMetrics()
_NO_SPAN: Final = nullcontext()
_MOST_ROWS: Final = 1_000
"""The number of rows in one statement, which has at most 32,767 parameters."""


class Connections(Protocol):
    """A source of connections for single statements; ``operation`` is the first word of the statement."""

    def acquire(self, operation: str = "select") -> Any: ...


class Writer(Protocol):
    """Executes a compiled write: a transaction, or ``SingleWrites``."""

    async def write(self, write: Write, /, **values: Any) -> Row | None:
        """The first row that the statement returns, or None."""


class ReadSession:
    """Executes single statements, each on a connection that it occupies only during the statement.

    Every read is its own snapshot (autocommit), which saves the round trips of ``BEGIN`` and ``ROLLBACK``. A slow
    handler occupies no connection between two statements. A read whose connection is lost runs once more.
    """

    __slots__ = ("_coalescers", "_connections", "_metrics")

    def __init__(self, connections: Connections, metrics: DatabaseMetrics = _NO_METRICS) -> None:
        self._connections = connections
        self._metrics = metrics
        self._coalescers: dict[KeyedRead, RequestCoalescer[Any, Row | None]] = {}

    async def all(self, read: Read, /, **values: Any) -> list[Row]:
        """Every row."""
        return cast("list[Row]", await self._fetch(read, values))

    async def one(self, read: Read, /, **values: Any) -> Row | None:
        """The first row, or None."""
        return cast("Row | None", await self._fetch(read, values, first=True))

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
        found = {row[read.key]: row for row in await self._fetch(read, {KEYS: keys}, span=False)}
        return [found.get(key) for key in keys]

    async def _fetch(self, read: Read, values: dict[str, Any], *, first: bool = False, span: bool = True) -> Any:
        try:
            return await self._attempt(read, values, first=first, span=span)
        except Retryable:
            self._metrics.retried("read")
        try:
            return await self._attempt(read, values, first=first, span=span)
        except Retryable as error:
            # A route that also writes would run again, with two more attempts at the read.
            raise Unavailable(error.detail, retry_after=error.retry_after) from error

    async def _attempt(self, read: Read, values: dict[str, Any], *, first: bool, span: bool) -> Any:
        async with translate_errors(), self._connections.acquire() as connection:
            with client_span(*read.span) if span else _NO_SPAN:
                fetch = connection.fetchrow if first else connection.fetch
                return await fetch(read.sql, *read.arguments(values))


class WriteSession(LazySession):
    """The transaction of one request: committed before the response is sent, rolled back on an error."""

    committing = False
    """Whether ``COMMIT`` has been sent, or a statement that commits by itself: after a lost connection, the outcome is
    then unknown."""
    has_one_use_case = False
    """Whether one use case is the whole transaction. It then decides which of its statements is the last one."""
    metrics: DatabaseMetrics = _NO_METRICS

    def __init__(self, bind: AsyncEngine | AsyncConnection, **options: Any) -> None:
        super().__init__(bind, **options)
        self._nudges: dict[Nudge, None] = {}
        self._deferred: Bound | None = None
        """The write that is executed before the commit."""
        self._rows: list[NewRow] = []
        """The rows that are inserted before the commit."""

    @property
    def commits_alone(self) -> bool:
        """Whether the next write may be the whole transaction: no statement has begun one."""
        driver = self.known_driver
        pending = self.has_unit_of_work and (self.new or self.dirty or self.deleted)
        return self.has_one_use_case and not pending and (driver is None or not driver.is_in_transaction())

    async def read(self, read: Read, /, **values: Any) -> Row | None:
        """The first row that a compiled read returns, or None. The read alone begins no transaction."""
        driver = await (self.connected() if self.commits_alone else self.driver())
        return await self._fetch(driver, Bound(read.sql, read.arguments(values)))

    async def all(self, read: Read, /, **values: Any) -> list[Row]:
        """Every row that a compiled read returns. The read alone begins no transaction."""
        driver = await (self.connected() if self.commits_alone else self.driver())
        with self._measured(read.sql):
            return await driver.fetch(read.sql, *read.arguments(values))

    async def write(self, write: Write, /, **values: Any) -> Row | None:
        """The first row that a compiled write returns, or None; alone, PostgreSQL commits it by itself."""
        if self.commits_alone:
            return await self.finish(write, **values)
        row = await self._fetch(await self.driver(), Bound(write.sql, write.arguments(values)))
        if row is not None:
            self._set_written_id(row)
        return row

    async def finish(self, write: Write, /, **values: Any) -> Row | None:
        """As ``write``, with the rows of the commit, which are inserted only if the write was done.

        Nothing may follow then. If nothing has preceded, it is the whole transaction, in one round trip.
        """
        self.committing = self.commits_alone
        driver = await (self.connected() if self.committing else self.driver())
        changed, rows = self._take()
        written = Bound(write.sql, write.arguments(values), write.done)
        row = await self._fetch(driver, combined(rows, changed, written))
        self.committing = self.committing and row is not None
        return row

    async def defer(self, write: Write, /, **values: Any) -> None:
        """Execute a write immediately before the commit, in one statement with the rows; its object is locked."""
        await self.run_deferred()
        self._deferred = Bound(write.sql, write.arguments(values))

    async def run_deferred(self) -> None:
        """Execute the deferred write now, for a statement that reads its object again."""
        deferred, self._deferred = self._deferred, None
        if deferred is not None:
            await self._fetch(await self.driver(), deferred)

    def insert_at_commit(self, insert: InsertInto, *values: Any) -> None:
        """Insert a row immediately before the commit, after those of the unit of work.

        The driver executes it: the unit of work costs half a millisecond a row.
        """
        self._rows.append((insert, values))

    async def insert_rows(self) -> None:
        """Insert them, and execute the deferred write; called by the transaction."""
        changed, rows = self._take()
        if not rows and changed is None:
            return
        driver = await self.driver()
        for start in range(0, max(len(rows), 1), _MOST_ROWS):
            await self._fetch(driver, combined(rows[start : start + _MOST_ROWS], None if start else changed))

    def _take(self) -> tuple[Bound | None, Sequence[NewRow]]:
        deferred, self._deferred = self._deferred, None
        rows, self._rows = self._rows, []
        return deferred, rows

    def _set_written_id(self, row: Row) -> None:
        self._rows = [
            (insert, [row["id"] if value is WRITTEN_ID else value for value in values]) for insert, values in self._rows
        ]

    async def _fetch(self, driver: "asyncpg.Connection[Row]", bound: Bound) -> Row | None:
        with self._measured(bound.sql):
            return await driver.fetchrow(bound.sql, *bound.arguments)

    @contextmanager
    def _measured(self, sql: str) -> Iterator[None]:
        started = perf_counter()
        try:
            with client_span(*statement_span(sql)):
                yield
        finally:
            self.metrics.query_finished(sql, perf_counter() - started)

    def nudge(self, nudge: Nudge) -> None:
        """Send it after the commit. A transaction that is rolled back sends none."""
        self._nudges[nudge] = None

    def take_nudges(self) -> Collection[Nudge]:
        """The nudges of the committed transaction, which are then sent."""
        nudges, self._nudges = self._nudges, {}
        return nudges

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """Roll back only the block if it raises; the transaction stays usable."""
        await self.run_deferred()
        before = len(self._rows)
        try:
            async with self.begin_nested():
                yield
                await self.run_deferred()
        except BaseException:
            self._deferred = None
            del self._rows[before:]
            raise
