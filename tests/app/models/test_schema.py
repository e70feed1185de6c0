"""The tables that the models declare are those that the migrations create: columns, constraints and indexes."""

from collections.abc import AsyncIterator
from typing import Final

import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.orm import configure_mappers

from app.models.base import Base
from app.models.user import User

_COLUMNS: Final = """
    SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
        pg_get_expr(d.adbin, d.adrelid)
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_attrdef d
        ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE c.relnamespace = CAST(:schema AS regnamespace) AND c.relkind IN ('r', 'p')
        AND a.attnum > 0 AND NOT a.attisdropped
"""
_CONSTRAINTS: Final = """
    SELECT c.relname, o.conname, pg_get_constraintdef(o.oid) FROM pg_constraint o JOIN pg_class c ON c.oid = o.conrelid
    WHERE o.connamespace = CAST(:schema AS regnamespace) AND o.contype IN ('c', 'f', 'p', 'u')
"""
_INDEXES: Final = "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = :schema"
Rows = set[tuple[str, ...]]


@pytest_asyncio.fixture(loop_scope="session")
async def declared(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection to a database that also has the declared tables, in a schema of their own."""
    async with engine.connect() as connection:
        await connection.execute(text("CREATE SCHEMA declared"))
        await connection.execute(text("SET LOCAL search_path TO declared, public"))
        await connection.run_sync(Base.metadata.create_all, checkfirst=False)
        yield connection
        await connection.rollback()


async def _rows(connection: AsyncConnection, query: str, schema: str) -> Rows:
    """The rows of the tables of the models, with texts that do not name the schema."""
    await connection.execute(text(f"SET LOCAL search_path TO {schema}, public"))
    found = await connection.execute(text(query), {"schema": schema})
    rows = {tuple(str(value).replace(f"{schema}.", "") for value in row) for row in found}
    return {row for row in rows if row[0] in Base.metadata.tables}


async def test_migrations_create_the_declared_tables(declared: AsyncConnection) -> None:
    for query in (_COLUMNS, _CONSTRAINTS, _INDEXES):
        migrated = await _rows(declared, query, "public")
        assert await _rows(declared, query, "declared") == migrated
        assert {row[0] for row in migrated} == set(Base.metadata.tables) or query is _INDEXES


def test_what_mappers_add_to_the_tables() -> None:
    configure_mappers()
    mappers = {mapper.local_table.name: mapper for mapper in Base.registry.mappers}
    assert mappers.keys() == set(Base.metadata.tables)
    revised = {name for name, mapper in mappers.items() if mapper.version_id_col is not None}
    assert revised == {"posts", "users"}
    for name in revised:
        assert mappers[name].version_id_col.name == "revision"
        assert mappers[name].eager_defaults is True
    deferred = {str(each) for mapper in mappers.values() for each in mapper.column_attrs if each.deferred}
    assert deferred == {"Post.search", "Post.words"}
    for mapper in mappers.values():
        for column in mapper.local_table.columns:
            default = getattr(getattr(column.default, "arg", None), "__name__", None)
            # The clock of the application, where the server's clock is the default of rows past the application.
            is_stamp = "now()" in str(getattr(column.server_default, "arg", ""))
            assert default == ("uuid7" if column.name == "uid" else "utc_now" if is_stamp else None), column


def test_an_address_has_a_canonical_form() -> None:
    user = User(email="Ada@Example.COM")
    assert (user.email, user.email_canonical) == ("Ada@Example.COM", "ada@example.com")
    user.email = "Grace@example.com"
    assert user.email_canonical == "grace@example.com"
