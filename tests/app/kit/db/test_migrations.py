"""Migrations on a database of their own: they wait for each other, and asking where they stand changes nothing."""

import asyncio
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import asyncpg
import pytest
from alembic.util import CommandError as AlembicError

from app.cli.kit.environment import ensure_migrated, migration_status
from app.cli.kit.output import CommandError
from app.kit.db import migrations

# Longer than the lock timeout of a migration.
WAIT_SECONDS = 5.5
LOCK = "SELECT pg_advisory_lock(5781426301)"


def query(dsn: str, *statements: str) -> Any:
    async def run() -> Any:
        connection = await asyncpg.connect(dsn)
        try:
            return [await connection.fetchval(statement) for statement in statements][-1]
        finally:
            await connection.close()

    return asyncio.run(run())


@pytest.fixture
def empty(admin_dsn: str) -> Iterator[str]:
    """A database without a single table."""
    name = f"strata_empty_{os.getpid()}"
    query(admin_dsn, f"CREATE DATABASE {name}")
    yield admin_dsn.replace("/strata?", f"/{name}?")
    query(admin_dsn, f"DROP DATABASE {name} WITH (FORCE)")


def test_where_it_stands_is_read_without_a_trace_and_without_a_wait(empty: str) -> None:
    async def locked() -> migrations.MigrationStatus:
        connection = await asyncpg.connect(empty)
        try:
            await connection.execute(LOCK)
            return await asyncio.wait_for(asyncio.to_thread(migrations.status, empty), 5)
        finally:
            await connection.close()

    found = asyncio.run(locked())
    assert (found.current, found.pending[-1]) == (None, found.head)
    assert query(empty, "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace") == 0


def test_a_migration_waits_for_a_long_one(empty: str) -> None:
    async def beside() -> bool:
        connection = await asyncpg.connect(empty)
        try:
            await connection.execute(LOCK)
            with ThreadPoolExecutor(1) as pool:
                waiting = asyncio.wrap_future(pool.submit(migrations.upgrade, empty))
                await asyncio.sleep(WAIT_SECONDS)
                still_waiting = not waiting.done()
                await connection.close()
                await waiting
                return still_waiting
        finally:
            await connection.close()

    assert asyncio.run(beside())
    assert migrations.status(empty).pending == []
    migrations.check(empty)


def test_a_difference_between_tables_and_models_is_found(empty: str) -> None:
    with pytest.raises(AlembicError, match="not up to date"):
        migrations.check(empty)
    migrations.upgrade(empty)
    query(empty, "ALTER TABLE posts ADD COLUMN surprise integer")
    with pytest.raises(AlembicError, match="surprise"):
        migrations.check(empty)


def test_a_database_of_newer_code_is_no_traceback(empty: str) -> None:
    migrations.upgrade(empty)
    query(empty, "UPDATE alembic_version SET version_num = 'ffffffffffff'")
    for look in (migration_status, ensure_migrated):
        with pytest.raises(CommandError, match="ffffffffffff") as refused:
            look(empty)
        assert "newer code" in refused.value.advice
