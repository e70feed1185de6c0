"""The transaction that requests share in tests survives what ends one statement only in the application."""

import asyncio

import asyncpg
import pytest
from sqlalchemy import Integer, bindparam, func, literal, select, update

from app.kit.db.errors import UnstorableValue
from app.kit.db.statements import Read, Write
from app.models import Post
from tests.support.app import TestApp
from tests.support.rollback_database import RollbackDatabase
from tests.support.waiting import eventually

_ONE = Read(select(literal(1, Integer)))
_KEY = 20_261_130
_LOCK = Read(select(func.pg_advisory_xact_lock(bindparam("key", type_=Integer))))
_WAIT = "SELECT wait_event FROM pg_stat_activity WHERE pid = $1"
_FAILING = Write(update(Post).values(view_count=Post.view_count / bindparam("zero", type_=Integer)).returning(Post.id))


async def test_a_cancelled_read_does_not_fail_the_transaction(test_app: TestApp, database_dsn: str) -> None:
    database = test_app.runtime.database
    assert isinstance(database, RollbackDatabase)
    pid = database.driver.get_server_pid()
    observer = await asyncpg.connect(database_dsn)

    async def waits() -> bool:
        return bool(await observer.fetchval(_WAIT, pid) == "advisory")

    await observer.execute("SELECT pg_advisory_lock($1)", _KEY)
    reading = asyncio.create_task(database.reads.one(_LOCK, key=_KEY))
    await eventually(waits)
    reading.cancel()
    # The driver would ask the server to cancel the statement.
    await asyncio.wait([reading], timeout=0.2)
    await observer.execute("SELECT pg_advisory_unlock($1)", _KEY)
    with pytest.raises(asyncio.CancelledError):
        await reading
    await observer.close()
    assert await database.reads.scalar(_ONE) == 1


async def test_concurrent_statements_wait_for_each_other(test_app: TestApp) -> None:
    """A background task reads while the test writes, with and without SQLAlchemy."""
    database = test_app.runtime.database
    async with database.write() as session:
        driver = await session.driver()
        found = await asyncio.gather(
            database.reads.one(_ONE),
            driver.fetchval("SELECT 2"),
            session.scalar(select(literal(3, Integer))),
            driver.fetch("SELECT 4"),
            driver.execute("SELECT 5"),
            database.reads.all(_ONE),
        )
    assert found == [(1,), 2, 3, [(4,)], "SELECT 1", [(1,)]]


async def test_a_rejected_single_write_does_not_fail_the_transaction(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    async with test_app.client(ada.headers) as client:
        made = await client.post("/api/v2/posts", json={"title": "T", "content": "C"})
    with pytest.raises(UnstorableValue):
        await test_app.runtime.database.single_writes.write(_FAILING, zero=0)
    async with test_app.client(ada.headers) as client:
        assert (await client.get(made.headers["Location"])).status_code == 200
