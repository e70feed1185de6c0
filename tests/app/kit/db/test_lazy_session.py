"""SQLAlchemy's session is built when it is used, and continues the transaction of the driver."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import nullcontext
from itertools import product
from typing import Any

import pytest
from sqlalchemy import BigInteger, Column, MetaData, Table, Text, bindparam, delete, insert, select, text

from app.kit.db.database import Database
from app.kit.db.instrumentation import NullDatabaseMetrics
from app.kit.db.lazy_session import LazySession
from app.kit.db.sessions import WriteSession
from app.kit.db.statements import Read, Write
from app.kit.deadline import Deadline
from app.settings.database import DatabaseSettings
from tests.support.postgres import clone, owner_dsn
from tests.support.waiting import PATIENCE

_TABLE = Table("kept", MetaData(), Column("id", BigInteger), Column("name", Text))
_NAME = bindparam("name", type_=Text())
_ADD = Write(insert(_TABLE).values(name=_NAME).returning(_TABLE.c.id))
_EMPTY = Write(delete(_TABLE).returning(_TABLE.c.id))
_NAMES = Read(select(_TABLE.c.name).order_by(_TABLE.c.id))


class Counted(NullDatabaseMetrics):
    """The connections in use, and how often one was acquired."""

    def __init__(self) -> None:
        self.used = self.acquired = 0

    def connection_acquired(self, _pool: str) -> None:
        self.used += 1
        self.acquired += 1

    def connection_released(self, _pool: str) -> None:
        self.used -= 1


@pytest.fixture
def counted() -> Counted:
    return Counted()


@pytest.fixture
async def database(admin_dsn: str, counted: Counted) -> AsyncIterator[Database]:
    dsn = owner_dsn(await clone(admin_dsn, "lazy"))
    opened = await Database.open(dsn, DatabaseSettings(write_pool_size=1), counted)
    async with opened.write() as session:
        await session.execute(text("CREATE TABLE kept (id bigint GENERATED ALWAYS AS IDENTITY, name text)"))
    counted.acquired = 0
    yield opened
    assert counted.used == 0, "every connection is returned"
    await opened.close()


async def names(database: Database) -> list[str]:
    return [row["name"] for row in await database.reads.all(_NAMES)]


async def by_driver(session: WriteSession) -> None:
    await session.write(_ADD, name="by the driver")


async def by_session(session: WriteSession) -> None:
    await session.execute(text("INSERT INTO kept (name) VALUES ('by the session')"))


async def in_savepoint(session: WriteSession) -> None:
    async with session.savepoint():
        await session.write(_ADD, name="in a savepoint")


async def read_only(session: WriteSession) -> None:
    await session.all(_NAMES)


async def looked_at(session: WriteSession) -> None:
    """Builds the session, which takes part in nothing."""
    assert not session.new


Step = Callable[[WriteSession], Awaitable[None]]
STEPS: dict[Step, list[str]] = {
    by_driver: ["by the driver"],
    by_session: ["by the session"],
    in_savepoint: ["in a savepoint"],
    read_only: [],
    looked_at: [],
}


class Undone(Exception):
    """Ends a block."""


@pytest.mark.parametrize("alone", [False, True])
async def test_compiled_statements_build_no_session(database: Database, counted: Counted, *, alone: bool) -> None:
    async with database.write() as session:
        session.has_one_use_case = alone
        await session.all(_NAMES)
        await by_driver(session)
        assert not session.has_unit_of_work
    assert await names(database) == ["by the driver"]
    assert counted.acquired == 2, "one for the transaction, one for the read"


@pytest.mark.parametrize("fails", [False, True])
async def test_both_parts_are_one_transaction(database: Database, *, fails: bool) -> None:
    async def run(*steps: Step) -> None:
        async with database.write() as session:
            for step in steps:
                await step(session)
            if fails:
                raise Undone

    for first, second in product(STEPS, repeat=2):
        await database.single_writes.write(_EMPTY)
        with pytest.raises(Undone) if fails else nullcontext():
            await run(first, second, first)
        assert await names(database) == ([] if fails else [*STEPS[first], *STEPS[second], *STEPS[first]])


@pytest.mark.parametrize("later", [read_only, by_session])
async def test_a_session_that_follows_uses_the_same_connection(database: Database, later: Step) -> None:
    async with database.write() as session:
        driver = await session.connected()
        await later(session)
        assert await session.driver() is driver
        assert await session.scalar(text("SELECT pg_backend_pid()")) == driver.get_server_pid()


@pytest.mark.parametrize("step", [by_driver, by_session])
async def test_the_deadline_knows_the_connection_until_the_end(database: Database, step: Step) -> None:
    with Deadline(60) as deadline:
        known: Any = deadline._connections
        async with database.write() as session:
            await by_driver(session)
            await step(session)
            assert list(known) == [await session.driver()]
        assert not known


async def test_a_rollback_ends_although_its_request_is_cancelled(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on, ended, close = asyncio.Event(), asyncio.Event(), asyncio.Event(), LazySession.close

    async def close_slowly(session: LazySession) -> None:
        begun.set()
        await go_on.wait()
        await close(session)
        ended.set()

    async def fail() -> None:
        async with database.write() as session:
            await by_driver(session)
            raise Undone

    monkeypatch.setattr(LazySession, "close", close_slowly)
    task = asyncio.create_task(fail())
    await asyncio.wait_for(begun.wait(), PATIENCE)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    go_on.set()
    await asyncio.wait_for(ended.wait(), PATIENCE)
    assert await names(database) == []


async def test_a_discarded_connection_is_replaced(database: Database) -> None:
    for step in (by_driver, by_session):
        async with database.write() as session:
            await by_driver(session)
            await step(session)
            discarded = await session.driver()
            await session.discard()
            assert not session.in_transaction()
        async with database.write() as session:
            assert await session.driver() is not discarded
    assert await names(database) == []
