"""How a transaction ends: what is kept, what the client is told, and what happens to the connection."""

import asyncio
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from app.errors import Conflict, Unavailable
from app.kit.db import database as module
from app.kit.db.commit_errors import commit_error
from app.kit.db.database import Database
from app.kit.db.errors import ConnectionLost, TransactionConflict, UnstorableValue
from app.kit.db.instrumentation import NullDatabaseMetrics
from app.kit.db.sessions import WriteSession
from app.settings.database import DatabaseSettings
from tests.support.postgres import clone
from tests.support.waiting import PATIENCE


@pytest.fixture
async def database(admin_dsn: str) -> Any:
    database = await Database.open(await clone(admin_dsn, "ends"), DatabaseSettings(write_pool_size=1))
    yield database
    await database.close()


async def backend(session: WriteSession) -> int:
    return int(await session.scalar(text("SELECT pg_backend_pid()")) or 0)


class KeepingError(Conflict):
    keeps_changes = True


async def test_only_an_error_that_keeps_changes_commits_them(database: Database) -> None:
    async with database.write() as session:
        await session.execute(text("CREATE TEMPORARY TABLE kept (name text)"))

    async def fail(error: Exception, name: str) -> None:
        async with database.write() as session:
            await session.execute(text("INSERT INTO kept VALUES (:name)"), {"name": name})
            raise error

    for error, name in ((KeepingError(), "kept"), (Conflict(), "conflict"), (ValueError(), "defect")):
        with pytest.raises(type(error)):
            await fail(error, name)
    async with database.write() as session:
        assert (await session.scalars(text("SELECT name FROM kept"))).all() == ["kept"]


async def test_a_statement_that_is_interrupted_costs_its_connection(database: Database) -> None:
    """A rollback would wait for the reply. After other errors the connection serves the next transaction."""
    async with database.write() as session:
        first = await backend(session)

    async def fail(error: Exception) -> None:
        async with database.write() as session:
            assert await backend(session) == first
            raise error

    for error in (Conflict(), ValueError()):
        with pytest.raises(type(error)):
            await fail(error)
    with pytest.raises((TimeoutError, Unavailable)):
        async with asyncio.timeout(0.1), database.write() as session:
            await session.execute(text("SELECT pg_sleep(60)"))
    async with database.write() as session:
        assert await backend(session) != first


async def test_a_discarded_connection_is_closed_without_a_word_to_the_server(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[bool] = []
    invalidate = WriteSession.invalidate

    async def recorded(session: WriteSession) -> None:
        closed.append(driver.is_closed())
        await invalidate(session)

    monkeypatch.setattr(WriteSession, "invalidate", recorded)
    async with database.write() as session:
        driver = await session.driver()
        await session.discard()
        assert closed == [True], "SQLAlchemy would close an open connection with a message, and wait for the reply"
        assert not session.in_transaction(), "its end sends no rollback to a connection that does not reply"
    async with database.write() as session:
        assert await session.driver() is not driver
    unused = WriteSession(database._engine)
    await unused.discard()
    await unused.close()


def test_a_failed_commit_is_reported_by_what_is_known_of_it() -> None:
    with capture_logs() as logs:
        found = commit_error(asyncpg.CheckViolationError("a deferred constraint"), None)
    assert (type(found), getattr(found, "retry_after", None)) == (Unavailable, 2)
    assert [(line["event"], line["log_level"]) for line in logs] == [("commit_failed", "error")]
    with capture_logs() as logs:
        lost = commit_error(ConnectionResetError(), ConnectionLost(retry_after=7))
        conflict = TransactionConflict(retry_after=1)
        assert commit_error(asyncpg.SerializationError(), conflict) is conflict
        assert commit_error(ValueError("a defect"), None) is None
    assert (type(lost), getattr(lost, "retry_after", None)) == (Unavailable, 7), "it may have been committed"
    assert logs == []


class Hanging:
    """Pools whose connections never reply."""

    closed = 0

    async def dispose(self) -> None:
        self.closed += 1
        await asyncio.sleep(10 * PATIENCE)

    async def close(self) -> None:
        self.closed += 1
        await asyncio.sleep(10 * PATIENCE)


class Probe:
    closed = False

    def close(self) -> None:
        self.closed = True


async def test_a_process_ends_although_the_server_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CLOSE_SECONDS", 0.05)
    pools: Any = Hanging()
    probe: Any = Probe()
    metrics: Any = None
    await asyncio.wait_for(Database(pools, pools, pools, probe, metrics, pools).close(), PATIENCE)
    assert (pools.closed, probe.closed) == (3, True)


class Measured(NullDatabaseMetrics):
    def __init__(self) -> None:
        self.events: list[str] = []

    def pool_wait(self, pool: str, seconds: float) -> None:
        assert 0 <= seconds < PATIENCE
        self.events.append(f"wait {pool}")

    def connection_acquired(self, pool: str) -> None:
        self.events.append(f"acquired {pool}")

    def connection_released(self, pool: str) -> None:
        self.events.append(f"released {pool}")

    def query_finished(self, statement: str, seconds: float) -> None:
        assert 0 <= seconds < PATIENCE
        self.events.append(statement)


async def test_failed_statements_and_waits_are_measured(admin_dsn: str) -> None:
    """Most waits fail in an exhausted pool, and most statements in an outage."""
    dsn = await clone(admin_dsn, "measured")
    settings = DatabaseSettings(write_pool_size=1, connect_timeout=1)
    database = await Database.open(dsn, settings, metrics := Measured())

    async def execute(statement: str) -> None:
        async with database.write() as session:
            await session.execute(text(statement))

    with pytest.raises(UnstorableValue):
        await execute("SELECT 1/0")
    assert metrics.events == ["acquired write", "wait write", "SELECT 1/0", "released write"]
    metrics.events.clear()
    async with database.write() as session:
        await session.execute(text("SELECT 1"))
        with pytest.raises(Unavailable):
            await execute("SELECT 2")
    assert metrics.events == ["acquired write", "wait write", "SELECT 1", "wait write", "released write"]
    await database.close()
