"""Advisory locks exclude each other by purpose and key, until the transaction ends."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import select, text

from app.kit.db.database import Database
from app.kit.db.locks import lock, lock_ids, try_lock, try_lock_column
from app.kit.db.sessions import WriteSession
from app.kit.db.statements import Read
from app.settings.database import DatabaseSettings
from tests.support.app import TestApp
from tests.support.transactions import blocked_or_done


async def test_a_lock_is_exclusive_for_its_purpose_and_key(admin_dsn: str) -> None:
    database = await Database.open(admin_dsn, DatabaseSettings())
    async with database.write() as first, database.write() as second:
        await lock(first, "test", b"key")
        assert not await try_lock(second, "test", b"key")
        assert await try_lock(second, "test", b"other key")
        assert await try_lock(second, "other test", b"key")
    async with database.write() as third:
        assert await try_lock(third, "test", b"key"), "released at the end of the transaction"
    await database.close()


async def by_function(session: WriteSession) -> bool:
    return await try_lock(session, "test", b"tried")


async def by_column(session: WriteSession) -> bool:
    await session.driver()
    purpose, key = lock_ids("test", b"tried")
    row = await session.read(Read(select(try_lock_column("purpose", "key"))), purpose=purpose, key=key)
    return row is not None and bool(row["locked"])


@pytest.mark.parametrize("attempt", [by_function, by_column])
async def test_a_lock_that_was_tried_is_released_at_the_end_of_the_transaction(
    admin_dsn: str, attempt: Callable[[WriteSession], Awaitable[bool]]
) -> None:
    """Not at the end of the session, which returns to the pool."""
    database = await Database.open(admin_dsn, DatabaseSettings())
    async with database.write() as first, database.write() as other:
        assert await attempt(first)
        assert not await try_lock(other, "test", b"tried")
    async with database.write() as second, database.write() as third:
        # The second transaction has the connection of the first one.
        await second.execute(text("SELECT 1"))
        assert await try_lock(third, "test", b"tried")
    await database.close()


async def test_a_lock_waits_for_another_transaction(concurrent_app: TestApp) -> None:
    database = concurrent_app.runtime.database

    async def wait() -> None:
        async with database.write() as session:
            await lock(session, "test", b"exclusive")

    async with database.write() as first:
        await lock(first, "test", b"exclusive")
        task = asyncio.create_task(wait())
        assert await blocked_or_done(concurrent_app, task), "the second transaction waits"
    await task


def test_the_ids_fit_into_the_integers_of_postgresql() -> None:
    ids = [part for name in ("idempotency", "lifecycle", "migrations") for part in lock_ids(name, name.encode())]
    assert all(-(2**31) <= part < 2**31 for part in ids)
