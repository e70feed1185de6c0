"""Rows and writes that a transaction executes immediately before its commit: in order, and none of an undone block."""

import pytest
from sqlalchemy import BigInteger, Column, MetaData, Table, Text, bindparam, insert, select, text, update

from app.kit.db import sessions
from app.kit.db.database import Database
from app.kit.db.errors import UnstorableValue
from app.kit.db.inserts import WRITTEN_ID, InsertInto
from app.kit.db.sessions import WriteSession
from app.kit.db.statements import Write
from app.settings.database import DatabaseSettings
from tests.support.postgres import clone, owner_dsn

_TABLE = Table("inserted", MetaData(), Column("id", BigInteger), Column("name", Text), Column("of", BigInteger))
_INSERT = InsertInto(_TABLE, "name")
_REFERRING = InsertInto(_TABLE, "name", "of")
_NAME = bindparam("new_name", type_=Text())
_ADD = Write(insert(_TABLE).values(name=_NAME).returning(_TABLE.c.id))
_RENAME = Write(
    update(_TABLE).where(_TABLE.c.name == bindparam("known", type_=Text())).values(name=_NAME).returning(_TABLE.c.id)
)
_OUTCOME = bindparam("outcome", type_=Text())
_REPORT = Write(select(_OUTCOME.label("outcome")), done="outcome = 'done'")


@pytest.fixture
async def database(admin_dsn: str) -> Database:
    dsn = owner_dsn(await clone(admin_dsn, "rows"))
    opened = await Database.open(dsn, DatabaseSettings())
    async with opened.write() as session:
        create = "CREATE TABLE inserted (id bigint GENERATED ALWAYS AS IDENTITY, name text)"
        await session.execute(text(create))
    return opened


async def names(session: WriteSession) -> list[str]:
    return list(await session.scalars(text("SELECT name FROM inserted ORDER BY id")))


async def test_rows_are_inserted_in_order_before_the_commit(database: Database) -> None:
    async with database.write() as session:
        for name in ("first", "second", "third"):
            session.insert_at_commit(_INSERT, name)
        assert await names(session) == []
    async with database.write() as session:
        assert await names(session) == ["first", "second", "third"]
    await database.close()


class Undone(Exception):
    """Ends a block."""


async def test_many_rows_are_inserted_in_parts_after_one_deferred_write(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A statement has at most 32,767 parameters. A row of an event, the widest one, has 13."""
    assert sessions._MOST_ROWS * 13 <= 32_767
    monkeypatch.setattr(sessions, "_MOST_ROWS", 2)
    async with database.write() as session:
        await session.defer(_ADD, new_name="deferred")
        for number in range(5):
            session.insert_at_commit(_INSERT, str(number))
    async with database.write() as session:
        assert sorted(await names(session)) == ["0", "1", "2", "3", "4", "deferred"]
    await database.close()


async def test_a_transaction_that_is_rolled_back_inserts_nothing(database: Database) -> None:
    async def write() -> None:
        async with database.write() as session:
            session.insert_at_commit(_INSERT, "none")
            raise Undone

    with pytest.raises(Undone):
        await write()
    async with database.write() as session:
        assert await names(session) == []
    await database.close()


async def test_a_savepoint_that_is_rolled_back_drops_its_rows_only(database: Database) -> None:
    async def block(session: WriteSession, name: str) -> None:
        async with session.savepoint():
            session.insert_at_commit(_INSERT, name)
            raise Undone

    async with database.write() as session:
        session.insert_at_commit(_INSERT, "before")
        with pytest.raises(Undone):
            await block(session, "dropped")
        async with session.savepoint():
            session.insert_at_commit(_INSERT, "kept")
            with pytest.raises(Undone):
                await block(session, "dropped, too")
    async with database.write() as session:
        assert await names(session) == ["before", "kept"]
    await database.close()


async def test_a_row_that_the_database_rejects_rolls_the_transaction_back(database: Database) -> None:
    async def write() -> None:
        async with database.write() as session:
            session.insert_at_commit(_INSERT, "valid")
            session.insert_at_commit(_INSERT, "nul \0")

    with pytest.raises(UnstorableValue):
        await write()
    async with database.write() as session:
        assert await names(session) == []
    await database.close()


async def test_a_last_statement_without_a_result_inserts_no_rows(database: Database) -> None:
    """Both as a transaction of its own and in one that has begun."""
    for alone in (True, False):
        for name, expected in (("unknown", ["first"]), ("first", ["first", "event"])):
            async with database.write() as session:
                await session.execute(text("TRUNCATE inserted"))
                await session.execute(text("INSERT INTO inserted (name) VALUES ('first')"))
            async with database.write() as session:
                session.has_one_use_case = alone
                session.insert_at_commit(_INSERT, "event")
                row = await session.finish(_RENAME, known=name, new_name=name)
                assert (row is None) == (name == "unknown")
            async with database.write() as session:
                assert await names(session) == expected, (alone, name)
    await database.close()


async def test_a_last_statement_that_was_not_done_inserts_no_rows(database: Database) -> None:
    """A function of the database returns the reason why it wrote nothing."""
    for alone in (True, False):
        for outcome, expected in (("rejected", []), ("done", ["event"])):
            async with database.write() as session:
                await session.execute(text("TRUNCATE inserted"))
            async with database.write() as session:
                session.has_one_use_case = alone
                session.insert_at_commit(_INSERT, "event")
                row = await session.finish(_REPORT, outcome=outcome)
                assert row is not None
                assert row["outcome"] == outcome
            async with database.write() as session:
                assert await names(session) == expected, (alone, outcome)
    await database.close()


async def test_a_deferred_write_is_executed_once_and_not_if_its_block_is_rolled_back(database: Database) -> None:
    async def block(session: WriteSession) -> None:
        async with session.savepoint():
            await session.defer(_RENAME, known="c", new_name="d")
            raise Undone

    async with database.write() as session:
        await session.execute(text("INSERT INTO inserted (name) VALUES ('a')"))
    async with database.write() as session:
        session.insert_at_commit(_INSERT, "event")
        await session.defer(_RENAME, known="a", new_name="b")
        await session.defer(_RENAME, known="b", new_name="c")
        with pytest.raises(Undone):
            await block(session)
    async with database.write() as session:
        assert await names(session) == ["c", "event"]
    await database.close()


async def test_rows_refer_to_the_row_that_the_next_statement_writes(database: Database) -> None:
    async with database.write() as session:
        await session.execute(text("ALTER TABLE inserted ADD COLUMN of bigint"))
    for alone in (True, False):
        async with database.write() as session:
            session.has_one_use_case = alone
            session.insert_at_commit(_REFERRING, "event", WRITTEN_ID)
            row = await session.write(_ADD, new_name="subject")
        async with database.write() as session:
            assert row is not None
            found = await session.execute(text("SELECT of FROM inserted WHERE name = 'event' ORDER BY id DESC LIMIT 1"))
            assert found.scalar() == row["id"], alone
    await database.close()
