"""Two types of session, so that the signature of a function shows whether it may write."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Protocol, cast

import asyncpg
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from app.kit.db.errors import Retryable, translate_errors
from app.kit.db.instrumentation import DatabaseMetrics, NullDatabaseMetrics
from app.kit.db.statements import KEYS, KeyedRead, Read
from app.kit.deadline import current_deadline
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
_DRIVER: Final = "driver"
"""The key of the asyncpg connection in the ``info`` of a session."""
_NUDGES: Final = "nudges"
"""The key of the nudges in the ``info`` of a session."""
_ROWS: Final = "rows"
"""The key of the rows that are inserted before the commit in the ``info`` of a session."""


class Connections(Protocol):
    """A source of connections for reads."""

    def acquire(self) -> Any: ...


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
        return await self._attempt(read, values, first=first, span=span)

    async def _attempt(self, read: Read, values: dict[str, Any], *, first: bool, span: bool) -> Any:
        async with translate_errors(), self._connections.acquire() as connection:
            with client_span(*read.span) if span else _NO_SPAN:
                fetch = connection.fetchrow if first else connection.fetch
                return await fetch(read.sql, *read.arguments(values))


class _SyncSession(Session):
    """The part of a ``WriteSession`` that SQLAlchemy executes in a greenlet."""


@event.listens_for(_SyncSession, "after_begin")
def _record_driver(session: Session, _transaction: object, connection: Any) -> None:
    driver = connection.connection.driver_connection
    if session.info.get(_DRIVER) is driver:
        return
    session.info[_DRIVER] = driver
    if (deadline := current_deadline()) is not None:
        deadline.add(driver)


class WriteSession(AsyncSession):
    """The transaction of one request: committed before the response is sent, rolled back on an error."""

    sync_session_class = _SyncSession
    committing = False
    """Whether ``COMMIT`` has been sent: after a lost connection the outcome is then unknown."""

    def insert_at_commit(self, statement: str, *values: Any) -> None:
        """Execute an ``INSERT`` of one row immediately before the commit, after those of the unit of work.

        The driver executes it: the unit of work costs half a millisecond a row.
        """
        self.info.setdefault(_ROWS, []).append((statement, values))

    async def insert_rows(self) -> None:
        """Execute them, in their order; called by the transaction."""
        rows = self.info.pop(_ROWS, ())
        if not rows:
            return
        driver = await self.driver()
        for statement, values in rows:
            with client_span(*statement_span(statement)):
                await driver.execute(statement, *values)

    def nudge(self, nudge: Nudge) -> None:
        """Send it after the commit. A transaction that is rolled back sends none."""
        self.info.setdefault(_NUDGES, {})[nudge] = None

    def take_nudges(self) -> Collection[Nudge]:
        """The nudges of the committed transaction, which are then sent."""
        nudges: Collection[Nudge] = self.info.pop(_NUDGES, ())
        return nudges

    def leave_deadline(self) -> None:
        """The transaction ended: the deadline terminates its connection no longer."""
        driver, deadline = self.info.get(_DRIVER), current_deadline()
        if driver is not None and deadline is not None:
            deadline.remove(driver)

    async def discard(self) -> None:
        """Close the connection without a rollback, which would wait for the server; the server rolls back itself."""
        if (driver := self.info.get(_DRIVER)) is not None:
            driver.terminate()
            await self.invalidate()

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """Roll back only the block if it raises; the transaction stays usable."""
        rows = self.info.setdefault(_ROWS, [])
        before = len(rows)
        try:
            async with self.begin_nested():
                yield
        except BaseException:
            del rows[before:]
            raise

    async def driver(self) -> "asyncpg.Connection[Row]":
        """The asyncpg connection of the transaction, for libraries that use the driver directly."""
        connection = await self.connection()
        raw = await connection.get_raw_connection()
        driver = cast("asyncpg.Connection[Row]", raw.driver_connection)
        if not driver.is_in_transaction():
            # SQLAlchemy sends BEGIN with its own first statement; one of the driver would be committed at once.
            await connection.exec_driver_sql("SELECT 1")
        return driver
