"""Rows that a transaction inserts immediately before its commit: in order, and none of a block that was undone."""

import pytest
from sqlalchemy import text

from app.kit.db.database import Database
from app.kit.db.errors import UnstorableValue
from app.kit.db.sessions import WriteSession
from app.settings.database import DatabaseSettings
from tests.support.postgres import clone, owner_dsn

_INSERT = "INSERT INTO inserted (name) VALUES ($1)"


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
