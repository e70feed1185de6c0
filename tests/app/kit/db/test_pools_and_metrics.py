"""Both pools apply the settings of the database, are bounded, and are measured."""

import asyncio

import asyncpg
import pytest
from prometheus_client import generate_latest
from sqlalchemy import Text, cast, column, func, select, table, text

from app.errors import TimedOut, Unavailable
from app.kit.db import availability
from app.kit.db.database import Database
from app.kit.db.keyset import page_from_rows
from app.kit.db.metrics import PrometheusDatabaseMetrics
from app.kit.db.statements import Read
from app.kit.deadline import Deadline, DeadlineExceeded
from app.settings.database import DatabaseSettings
from observability.metrics.metrics import Metrics
from tests.support.postgres import clone, end_sessions, owner_dsn
from tests.support.waiting import eventually

SETTINGS = {
    "statement_timeout": "1234ms",
    "lock_timeout": "2345ms",
    "TimeZone": "UTC",
    "jit": "off",
    "application_name": "strata",
}
ONE = Read(select(func.abs(-1)))
SLEEP = Read(select(func.pg_sleep(0.5)))
PIDS = Read(select(func.pg_backend_pid(), func.pg_sleep(0.2)))
MISSING = Read(select(column("id")).select_from(table("no_such_table")))
PATIENCE = 60


@pytest.fixture
async def dsn(admin_dsn: str) -> str:
    """A database whose own defaults are others."""
    found = await clone(admin_dsn, "pools")
    connection = await asyncpg.connect(owner_dsn(found))
    name = await connection.fetchval("SELECT current_database()")
    for setting in ("timezone = 'Asia/Tokyo'", "jit = on"):
        await connection.execute(f"ALTER DATABASE {name} SET {setting}")
    await connection.close()
    return found


async def test_the_settings_of_every_connection(dsn: str) -> None:
    database = await Database.open(dsn, DatabaseSettings(statement_timeout=1.234, lock_timeout=2.345))
    for name, value in SETTINGS.items():
        assert await database.reads.scalar(Read(select(func.current_setting(cast(name, Text))))) == value
        async with database.write() as session:
            assert await session.scalar(select(func.current_setting(name))) == value
    await database.close()


async def test_a_transaction_without_statements_ends_and_releases_its_locks(dsn: str) -> None:
    """A frozen process must not keep the rows that it locked."""
    database = await Database.open(dsn, DatabaseSettings(idle_transaction_timeout=0.2))
    lock = text("SELECT pg_advisory_xact_lock(1)")

    async def idle() -> None:
        async with database.write() as session:
            await session.execute(lock)
            async with database.write() as other:
                await other.execute(lock)
            await session.execute(lock)

    with pytest.raises(Unavailable):
        await idle()
    await database.close()


async def test_statements_end_after_the_statement_timeout(dsn: str) -> None:
    database = await Database.open(dsn, DatabaseSettings(statement_timeout=0.2))
    with pytest.raises(TimedOut):
        await database.reads.one(Read(select(func.pg_sleep(PATIENCE))))
    with pytest.raises(TimedOut):
        async with database.write() as session:
            await session.execute(text(f"SELECT pg_sleep({PATIENCE})"))
    await database.close()


async def test_both_pools_are_bounded(dsn: str) -> None:
    database = await Database.open(dsn, DatabaseSettings(read_pool_size=2, write_pool_size=3))

    async def write() -> int:
        async with database.write() as session:
            return int(await session.scalar(text("SELECT pg_backend_pid() FROM pg_sleep(0.2)")) or 0)

    async def read() -> int:
        return int(await database.reads.scalar(PIDS))

    assert len(set(await asyncio.gather(*(read() for _ in range(8))))) == 2
    assert len(set(await asyncio.gather(*(write() for _ in range(8))))) == 3
    await database.close()


async def test_a_wait_for_a_connection_ends_after_the_connect_timeout(dsn: str) -> None:
    database = await Database.open(dsn, DatabaseSettings(read_pool_size=1, write_pool_size=1, connect_timeout=0.2))
    async with database.write() as session, database._connections.acquire():
        await session.execute(text("SELECT 1"))
        for work in (write_once, read_once):
            with pytest.raises(Unavailable) as caught:
                await asyncio.wait_for(work(database), PATIENCE)
            assert caught.value.retry_after is not None
    await write_once(database)
    await read_once(database)
    await database.close()


async def write_once(database: Database) -> None:
    async with database.write() as session:
        await session.execute(text("SELECT 1"))


async def read_once(database: Database) -> None:
    await database.reads.one(ONE)


async def test_a_deadline_does_not_end_what_others_do_on_a_connection_that_it_has_returned(dsn: str) -> None:
    database = await Database.open(dsn, DatabaseSettings(read_pool_size=1, write_pool_size=1))
    returned = asyncio.Event()

    async def use_and_wait() -> None:
        with Deadline(0.3):
            await write_once(database)
            await read_once(database)
            returned.set()
            await asyncio.sleep(PATIENCE)

    async def write() -> None:
        async with database.write() as session:
            await session.execute(text("SELECT pg_sleep(1)"))

    waiting = asyncio.create_task(use_and_wait())
    await returned.wait()
    await asyncio.gather(write(), database.reads.one(Read(select(func.pg_sleep(1)))))
    with pytest.raises(DeadlineExceeded):
        await waiting
    await database.close()


def samples(metrics: Metrics) -> dict[str, float]:
    lines = generate_latest(metrics.registry).decode().splitlines()
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if line.startswith("db_")}


async def test_connections_in_use_waits_and_statements_are_counted(dsn: str) -> None:
    metrics = Metrics()
    database = await Database.open(dsn, DatabaseSettings(), metrics.group(PrometheusDatabaseMetrics))
    running = asyncio.create_task(database.reads.one(SLEEP))
    async with database.write() as session:
        await session.execute(text("SELECT 1"))
        await session.execute(text("UPDATE users SET revision = revision WHERE false"))
        await session.execute(text("DELETE FROM users WHERE false"))
        await session.execute(text("WITH a AS (SELECT 1) SELECT * FROM a"))
        await session.execute(text("LOCK TABLE users IN ACCESS SHARE MODE"))
        found = samples(metrics)
        assert (found['db_pool_in_use{pool="read"}'], found['db_pool_in_use{pool="write"}']) == (1, 1)
    await running
    with pytest.raises(asyncpg.UndefinedTableError):
        await database.reads.one(MISSING)
    found = samples(metrics)
    assert (found['db_pool_in_use{pool="read"}'], found['db_pool_in_use{pool="write"}']) == (0, 0)
    assert (found['db_pool_wait_seconds_count{pool="read"}'], found['db_pool_wait_seconds_count{pool="write"}']) == (
        2,
        1,
    )
    counts = {
        name.split('"')[1]: value for name, value in found.items() if name.startswith("db_query_duration_seconds_count")
    }
    assert counts == {"select": 3, "update": 1, "delete": 1, "with": 1, "other": 1}
    assert 0.5 <= found['db_query_duration_seconds_sum{operation="select"}'] < PATIENCE
    assert found['db_query_duration_seconds_sum{operation="other"}'] < PATIENCE
    await database.close()


async def test_statements_of_transactions_are_measured_in_seconds(dsn: str) -> None:
    metrics = Metrics()
    database = await Database.open(dsn, DatabaseSettings(), metrics.group(PrometheusDatabaseMetrics))
    async with database.write() as session:
        await session.execute(text("SELECT pg_sleep(0.5)"))
    assert 0.5 <= samples(metrics)['db_query_duration_seconds_sum{operation="select"}'] < PATIENCE
    await database.close()


async def test_the_loss_of_the_observed_connection_is_noticed_at_once(
    dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(availability, "INTERVAL", 10 * PATIENCE)
    metrics = Metrics()
    database = await Database.open(dsn, DatabaseSettings(), metrics.group(PrometheusDatabaseMetrics))
    async with database.observed():
        before = database._availability._connection
        assert samples(metrics)["db_available"] == 1
        await end_sessions(dsn)

        async def observed_again() -> bool:
            return database._availability._connection not in (None, before)

        await eventually(observed_again)
    await database.close()


@pytest.mark.parametrize(("rows", "items", "position"), [(2, 2, None), (3, 3, None), (4, 3, (2,)), (0, 0, None)])
def test_the_next_page_starts_after_the_last_row_of_this_one(
    rows: int, items: int, position: tuple[int, ...] | None
) -> None:
    page = page_from_rows(list(range(rows)), 3, lambda row: (row,))
    assert (page.items, page.next_position) == (list(range(items)), position)
    assert page.has_more is (position is not None)
