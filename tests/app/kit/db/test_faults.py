"""Reads and transactions over a connection that hangs or breaks: they end in time, and run again where that is safe."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import Integer, column, func, select, text
from sqlalchemy.dialects.postgresql.base import PGDialect

from app.errors import Unavailable
from app.kit.db.database import Database
from app.kit.db.errors import ConnectionLost, Retryable
from app.kit.db.instrumentation import NullDatabaseMetrics
from app.kit.db.retries import run_transaction
from app.kit.db.statements import KeyedRead, Read
from app.kit.deadline import Deadline, DeadlineExceeded
from app.settings.database import DatabaseSettings
from tests.support.database_proxy import DatabaseProxy, database_proxy
from tests.support.waiting import PATIENCE, stretched

_NUMBERS = func.generate_series(1, 5).table_valued(column("number", Integer)).render_derived()
KEYED = KeyedRead(select(_NUMBERS.c.number), _NUMBERS.c.number)
ONE = Read(select(func.abs(-1)))
SLEEP = text("SELECT pg_sleep(0.2)")
LIMIT = 0.5
READINESS_SECONDS = 2
Work = Callable[[Database], Awaitable[None]]
SETTINGS = DatabaseSettings(connect_timeout=20, statement_timeout=20)


class Retries(NullDatabaseMetrics):
    """Collects the second attempts."""

    def __init__(self) -> None:
        self.work: list[str] = []

    def retried(self, work: str) -> None:
        self.work.append(work)


@pytest.fixture
def retries() -> Retries:
    return Retries()


@pytest_asyncio.fixture(loop_scope="session")
async def proxy(admin_dsn: str) -> AsyncIterator[DatabaseProxy]:
    with tempfile.TemporaryDirectory(prefix="strata-proxy-") as folder:
        async with database_proxy(admin_dsn, Path(folder)) as running:
            yield running


@pytest_asyncio.fixture(loop_scope="session")
async def database(proxy: DatabaseProxy, retries: Retries) -> AsyncIterator[Database]:
    database = await Database.open(proxy.dsn, SETTINGS, retries)
    yield database
    proxy.resume()
    await database.close()


async def write(database: Database) -> None:
    async with database.write() as session:
        await session.execute(SLEEP)


async def save(database: Database) -> None:
    async with database.write() as session, session.savepoint():
        await session.execute(SLEEP)


async def read(database: Database) -> None:
    await database.reads.one(ONE)


async def look_up(database: Database) -> None:
    await asyncio.gather(*(database.reads.by_key(KEYED, key) for key in range(3)))


WORK = pytest.mark.parametrize("work", [read, look_up, write, save])


@WORK
async def test_a_deadline_includes_the_clean_up_of_a_hanging_connection(
    database: Database, proxy: DatabaseProxy, work: Work
) -> None:
    await work(database)
    running = asyncio.create_task(within(LIMIT, work, database))
    await asyncio.sleep(0.05)
    proxy.hang()
    started = time.monotonic()
    with pytest.raises(DeadlineExceeded):
        await running
    assert time.monotonic() - started < stretched(LIMIT)
    proxy.resume()
    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(*(work(database) for _ in range(12)))


async def within(seconds: float, work: Work, database: Database) -> None:
    with Deadline(seconds):
        while True:
            await work(database)


async def test_a_read_without_a_request_has_a_deadline_of_its_own(proxy: DatabaseProxy) -> None:
    database = await Database.open(proxy.dsn, DatabaseSettings(connect_timeout=0.2, statement_timeout=0.2))
    proxy.hang()
    started = time.monotonic()
    with pytest.raises(Unavailable):
        await read(database)
    assert time.monotonic() - started < stretched(0.2 + 0.2 + 1)
    proxy.resume()
    await read(database)
    await database.close()


async def test_a_transaction_that_hangs_without_a_request_ends_after_the_statement_timeout(
    proxy: DatabaseProxy,
) -> None:
    database = await Database.open(proxy.dsn, DatabaseSettings(statement_timeout=0.2))

    async def hang() -> None:
        async with database.write() as session:
            await session.execute(text("SELECT 1"))
            proxy.hang()
            await session.execute(text("SELECT 1"))

    started = time.monotonic()
    with pytest.raises(Unavailable):
        await hang()
    assert time.monotonic() - started < stretched(0.2 + 1)
    proxy.resume()
    async with database.write() as session:
        assert await session.scalar(text("SELECT 1")) == 1
    await database.close()


@pytest.mark.parametrize("work", [read, look_up])
async def test_a_read_runs_again_once_when_its_connection_is_lost(
    database: Database, proxy: DatabaseProxy, retries: Retries, work: Work
) -> None:
    await work(database)
    proxy.hang()
    running = asyncio.create_task(work(database))
    await asyncio.sleep(0.05)
    proxy.drop()
    proxy.resume()
    await asyncio.wait_for(running, PATIENCE)
    assert set(retries.work) == {"read"}


async def test_a_read_is_rejected_while_the_server_is_gone(database: Database, proxy: DatabaseProxy) -> None:
    await proxy.stop()
    with pytest.raises(Unavailable) as caught:
        await read(database)
    assert caught.value.retry_after is not None
    await proxy.start()
    await read(database)


async def test_idle_connections_that_the_server_closed_are_replaced(
    database: Database, proxy: DatabaseProxy, retries: Retries
) -> None:
    await asyncio.gather(*(write(database) for _ in range(4)), *(read(database) for _ in range(4)))
    proxy.drop()
    await asyncio.sleep(0.05)
    await asyncio.gather(*(write(database) for _ in range(4)), *(read(database) for _ in range(4)))
    assert retries.work == []


async def test_a_transaction_runs_again_when_its_connection_is_lost(database: Database, retries: Retries) -> None:
    attempts = []

    async def attempt() -> int:
        async with database.write() as session:
            attempts.append(await session.scalar(text("SELECT pg_backend_pid()")))
            if len(attempts) == 1:
                await session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
            return attempts[-1]

    assert await run_transaction(attempt, retries) == attempts[1]
    assert len(set(attempts)) == 2
    assert retries.work == ["transaction"]


@pytest.mark.parametrize("step", ["_set_backslash_escapes", "_get_server_version_info"])
async def test_the_loss_of_the_first_connection_is_an_outage(
    database: Database, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """SQLAlchemy asks the server for its settings then, and reports the loss with errors of its own."""
    ask = getattr(PGDialect, step)

    def lose(dialect: Any, connection: Any) -> Any:
        connection.connection.driver_connection.terminate()
        return ask(dialect, connection)

    monkeypatch.setattr(PGDialect, step, lose)
    with pytest.raises(ConnectionLost):
        await write(database)
    monkeypatch.undo()
    await write(database)


@pytest.mark.parametrize("alone", [True, False])
async def test_the_loss_of_a_connection_at_the_begin_of_its_transaction_is_an_outage(
    database: Database, proxy: DatabaseProxy, *, alone: bool
) -> None:
    """SQLAlchemy's adapter sends BEGIN for the driver, and reports the loss with an error of its own."""

    async def begin_on_a_lost_connection() -> None:
        async with database.write() as session:
            if not alone:
                assert not session.new
            await session.connected()
            proxy.drop()
            await session.driver()

    with pytest.raises(ConnectionLost):
        await begin_on_a_lost_connection()
    await write(database)


async def test_a_transaction_runs_again_at_most_once(database: Database, retries: Retries) -> None:
    async def attempt() -> None:
        async with database.write() as session:
            await session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with pytest.raises(ConnectionLost):
        await run_transaction(attempt, retries)
    assert retries.work == ["transaction"]


async def test_a_lost_connection_during_commit_is_not_retried(database: Database, proxy: DatabaseProxy) -> None:
    async def attempt() -> None:
        async with database.write() as session:
            await session.execute(SLEEP)
            proxy.hang()

    running = asyncio.create_task(attempt())
    await proxy.hanging.wait()
    await asyncio.sleep(0.05)
    proxy.drop()
    with pytest.raises(Unavailable) as caught:
        await running
    assert not isinstance(caught.value, Retryable), "the server may have committed"


async def ready(database: Database) -> bool:
    try:
        await database.ping()
    except Unavailable:
        return False
    return True


async def seconds_until(database: Database, *, expected: bool) -> float:
    started = time.monotonic()
    async with asyncio.timeout(PATIENCE):
        while await ready(database) is not expected:  # noqa: ASYNC110 - a readiness probe polls, too
            await asyncio.sleep(0.01)
    return time.monotonic() - started


@pytest.mark.parametrize("way", ["hang", "stop"])
async def test_readiness_follows_the_database_in_both_directions(
    database: Database, proxy: DatabaseProxy, way: str
) -> None:
    async with database.observed():
        assert await ready(database)
        await asyncio.gather(*(asyncio.create_task(ready(database)) for _ in range(1000)))
        assert proxy.accepted == 1, "a readiness check opens no connection"
        if way == "hang":
            proxy.hang()
        else:
            await proxy.stop()
        assert await seconds_until(database, expected=False) < stretched(READINESS_SECONDS)
        assert await seconds_until_checked(database) < stretched(0.15), "a check does not wait"
        if way == "hang":
            proxy.resume()
        else:
            await proxy.start()
        assert await seconds_until(database, expected=True) < stretched(READINESS_SECONDS)


async def seconds_until_checked(database: Database) -> float:
    started = time.monotonic()
    await ready(database)
    return time.monotonic() - started
