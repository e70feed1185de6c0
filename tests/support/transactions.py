"""Two transactions at once: the second starts while the first has not committed yet."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from sqlalchemy import text

from app.kit.db.database import Database, UnitOfWork
from app.kit.db.sessions import WriteSession
from tests.support.app import TestApp
from tests.support.postgres import owner_dsn
from tests.support.waiting import eventually

_BLOCKED = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
Work = Callable[[WriteSession], Awaitable[Any]]


def database_of(test_app: TestApp) -> Database:
    """The database of ``concurrent_app``."""
    database = test_app.runtime.database
    assert isinstance(database, Database)
    return database


def dsn_of(test_app: TestApp) -> str:
    """The address of the database of ``concurrent_app``."""
    return database_of(test_app)._availability._dsn


@asynccontextmanager
async def owner_of(database: UnitOfWork) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A connection of the owner of the tables to the database of ``concurrent_app``."""
    assert isinstance(database, Database)
    connection = await asyncpg.connect(owner_dsn(database._availability._dsn))
    try:
        yield connection
    finally:
        await connection.close()


async def overlap(test_app: TestApp, first: Work, second: Work) -> list[Any]:
    """The results of both, or what they raise. The first commits once the second waits for it, or has ended."""
    database = test_app.runtime.database

    async def run(work: Work) -> Any:
        async with database.write() as session:
            return await work(session)

    async def run_both() -> tuple[Any, "asyncio.Task[Any]"]:
        async with database.write() as session:
            result = await first(session)
            await session.flush()
            task = asyncio.create_task(run(second))
            await blocked_or_done(test_app, task)
            return result, task

    result, task = await run_both()
    return [result, *await asyncio.gather(task, return_exceptions=True)]


async def blocked_or_done(test_app: TestApp, task: "asyncio.Future[Any]") -> bool:
    """Wait until a statement waits for a lock, or the task is done. Returns whether the task is not done."""

    async def reached() -> bool:
        return task.done() or bool(await blocked(test_app))

    await eventually(reached)
    return not task.done()


async def race(test_app: TestApp, *requests: Awaitable[Any]) -> list[Any]:
    """The results of requests that all reach their first lock, or their first write, before any of them commits.

    Another transaction locks every row meanwhile. A request that reads without a lock what it decides on has then read
    the state before all others.
    """
    async with owner_of(test_app.runtime.database) as owner, owner.transaction():
        for table in await owner.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
            await owner.execute(f"SELECT 1 FROM {table['tablename']} FOR UPDATE")  # noqa: S608 - from the catalogue
        tasks = [asyncio.ensure_future(request) for request in requests]

        async def reached() -> bool:
            return await blocked(test_app) >= sum(not task.done() for task in tasks)

        await eventually(reached)
    return await asyncio.gather(*tasks)


async def ensure_locked_first(
    test_app: TestApp, table: str, first: str, second: str, work: Work, *, second_table: str | None = None
) -> None:
    """Assert that ``work`` locks a row before another one, so that two of it never wait for each other.

    ``first`` and ``second`` are conditions, each of which one row fulfils, of one table unless ``second_table`` is
    given. Another transaction locks the first row: ``work`` waits for it, without a lock of the second row. The first
    row is stored after the second one, where a scan of the table finds it last.
    """

    async def run() -> None:
        async with test_app.runtime.database.write() as session:
            await work(session)

    database = test_app.runtime.database
    async with owner_of(database) as owner, owner_of(database) as probe:
        moved = await owner.fetchval(
            "SELECT attname FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 1 AND attgenerated = ''"
            " AND NOT attisdropped AND attidentity = '' ORDER BY attnum LIMIT 1",
            table,
        )
        await owner.execute(f"UPDATE {table} SET {moved} = {moved} WHERE {first}")  # noqa: S608 - of the tests
        async with owner.transaction():
            await owner.execute(f"SELECT 1 FROM {table} WHERE {first} FOR UPDATE")  # noqa: S608 - of the tests
            task = asyncio.create_task(run())
            assert await blocked_or_done(test_app, task), f"no lock of {first}"
            await probe.execute(f"SELECT 1 FROM {second_table or table} WHERE {second} FOR UPDATE NOWAIT")  # noqa: S608 - of the tests
        await task


async def blocked(test_app: TestApp) -> int:
    """The number of statements that wait for a lock."""
    async with test_app.runtime.database.write() as session:
        return int(await session.scalar(_BLOCKED) or 0)


async def rows(test_app: TestApp, statement: str, *values: object) -> list[Any]:
    """The rows that a statement returns."""
    async with test_app.runtime.database.write() as session:
        return list(await (await session.driver()).fetch(statement, *values))
