"""Makes PostgreSQL fail at ``COMMIT``, after every statement of the transaction, or record the transactions."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from app.kit.db.database import UnitOfWork
from tests.support.transactions import owner_of

_TABLES = """
SELECT relname AS tablename FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
    AND relname <> 'alembic_version'
"""
_FUNCTION = """
CREATE OR REPLACE FUNCTION at_commit() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN {statement} RETURN NULL; END $$
"""
_TRIGGER = """
CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT OR UPDATE OR DELETE ON {table}
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION at_commit()
"""


async def add_triggers(database: UnitOfWork) -> None:
    """Add a deferred constraint trigger to every table, for ``failing_commits``."""
    async with owner_of(database) as owner, owner.transaction():
        await owner.execute(_FUNCTION.format(statement=""))
        for table in await tables(owner):
            await owner.execute(_TRIGGER.format(table=table))
        await owner.execute("CREATE TABLE recorded_transactions (id bigint)")
        await owner.execute("GRANT ALL ON recorded_transactions TO PUBLIC")


@asynccontextmanager
async def failing_commits(database: UnitOfWork, code: str) -> AsyncIterator[None]:
    """During the block, the commit of every transaction that changed a row fails with this SQLSTATE."""
    async with at_commit(database, f"RAISE EXCEPTION 'planted' USING ERRCODE = '{code}';"):
        yield


@asynccontextmanager
async def at_commit(database: UnitOfWork, statement: str) -> AsyncIterator[None]:
    """During the block, PostgreSQL executes this statement at the commit of every transaction that changed a row."""
    await _replace(database, statement)
    try:
        yield
    finally:
        await _replace(database, "")


@asynccontextmanager
async def recorded_transactions(database: UnitOfWork) -> AsyncIterator[set[int]]:
    """The ids of the transactions that change a row during the block, known at its end. Needs the triggers."""
    found: set[int] = set()
    async with at_commit(database, "INSERT INTO recorded_transactions VALUES (pg_current_xact_id()::text::bigint);"):
        yield found
    async with database.write() as session:
        rows = await (await session.driver()).fetch("DELETE FROM recorded_transactions RETURNING id")
        found |= {row["id"] for row in rows}


async def _replace(database: UnitOfWork, statement: str) -> None:
    async with owner_of(database) as owner:
        await owner.execute(_FUNCTION.format(statement=statement))


async def snapshot(database: UnitOfWork) -> dict[str, Any]:
    """The contents of every table, to compare."""
    async with owner_of(database) as owner:
        return {
            table: await owner.fetchval(f"SELECT md5(string_agg(t::text, '\n' ORDER BY t::text)) FROM {table} t")  # noqa: S608 - a name from the catalogue
            for table in await tables(owner)
        }


async def tables(driver: "asyncpg.Connection[asyncpg.Record]") -> list[str]:
    """The names of all tables."""
    return sorted(row["tablename"] for row in await driver.fetch(_TABLES))
