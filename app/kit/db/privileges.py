"""The privileges of the role with which the application connects: it changes rows, and no tables.

The owner of the tables runs migrations. It could disable the triggers of an append-only table, so processes that serve
requests connect as another role.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from app.kit.db.database import sqlalchemy_url

_ALL: Final = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
_CHANGEABLE: Final = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"})
_APPENDABLE: Final = frozenset({"SELECT", "INSERT"})
_READABLE: Final = frozenset({"SELECT"})
_TABLES: Final = text(
    "SELECT c.relname, c.relispartition, ARRAY(SELECT p FROM unnest(CAST(:privileges AS text[])) p"
    " WHERE has_table_privilege(:role, c.oid, p)) AS granted"
    " FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v') ORDER BY 1"
)
_SEQUENCES: Final = text(
    "SELECT c.relname, has_sequence_privilege(:role, c.oid, 'USAGE') AS usable FROM pg_class c"
    " WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'S' ORDER BY 1"
)
_FUNCTIONS: Final = text(
    "SELECT p.oid::regprocedure::text AS name, has_function_privilege(:role, p.oid, 'EXECUTE') AS usable FROM pg_proc p"
    " WHERE p.pronamespace = current_schema()::regnamespace ORDER BY 1"
)

_OWNS: Final = text(
    "SELECT EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace"
    " AND c.relkind IN ('r', 'p') AND pg_has_role(:role, c.relowner, 'USAGE'))"
)


@dataclass(frozen=True, slots=True)
class Restrictions:
    """The tables whose rows the application does not change: it may add rows to some, and only read others."""

    append_only: Collection[str]
    read_only: Collection[str]

    def wanted(self, table: str, *, partition: bool) -> frozenset[str]:
        """The privileges on a table or view. Rows of a partition are reached through its table, which has its own.

        A view must be a ``security_invoker``: the privileges on its tables then limit those on the view.
        """
        if partition:
            return frozenset()
        if table in self.append_only:
            return _APPENDABLE
        return _READABLE if table in self.read_only else _CHANGEABLE


def grant(connection: Connection, role: str, password: str | None, restrictions: Restrictions) -> None:
    """Create the role unless it exists, and grant what it needs, no more. Needs the owner of the tables."""
    quoted = connection.dialect.identifier_preparer.quote_identifier(role)
    if connection.scalar(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role}) is None:
        _create(connection, role, password)
    connection.execute(text(f"GRANT USAGE ON SCHEMA {_schema(connection)} TO {quoted}"))
    for statement in statements(connection, role, restrictions):
        connection.execute(text(statement))


def statements(connection: Connection, role: str, restrictions: Restrictions) -> Iterator[str]:
    """The GRANT and REVOKE statements that are missing; none where the privileges are as they should be."""
    quote = connection.dialect.identifier_preparer.quote_identifier
    for name, partition, granted in connection.execute(_TABLES, {"role": role, "privileges": list(_ALL)}).all():
        wanted = restrictions.wanted(name, partition=partition)
        if missing := sorted(wanted - set(granted)):
            yield f"GRANT {', '.join(missing)} ON {quote(name)} TO {quote(role)}"
        if surplus := sorted(set(granted) - wanted):
            yield f"REVOKE {', '.join(surplus)} ON {quote(name)} FROM {quote(role)}"
    for name, usable in connection.execute(_SEQUENCES, {"role": role}).all():
        if not usable:
            yield f"GRANT USAGE ON SEQUENCE {quote(name)} TO {quote(role)}"
    for name, usable in connection.execute(_FUNCTIONS, {"role": role}).all():
        if not usable:
            yield f"GRANT EXECUTE ON FUNCTION {name} TO {quote(role)}"


def _create(connection: Connection, role: str, password: str | None) -> None:
    """Create the role. Roles belong to the server: another database of it may create the same one at this moment."""
    values: Mapping[str, str | None] = {"role": role, "password": password}
    connection.execute(text("SELECT set_config('strata.role', :role, true)"), values)
    connection.execute(text("SELECT set_config('strata.password', coalesce(:password, ''), true)"), values)
    connection.execute(text(_CREATE))


def _schema(connection: Connection) -> str:
    return str(connection.scalar(text("SELECT quote_ident(current_schema())")))


# A statement that creates a role takes no parameters.
_CREATE: Final = """
DO $$
BEGIN
    EXECUTE format('CREATE ROLE %I LOGIN PASSWORD %L',
        current_setting('strata.role'), nullif(current_setting('strata.password'), ''));
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$
"""


async def faults(dsn: str, restrictions: Restrictions, seconds: float) -> list[str] | None:
    """The GRANT and REVOKE statements that the role of a URL lacks; None for a role that owns tables."""
    engine = create_async_engine(sqlalchemy_url(dsn), poolclass=NullPool, connect_args={"timeout": seconds})
    try:
        async with engine.connect() as connection:
            role = await connection.scalar(text("SELECT current_user"))
            if await connection.scalar(_OWNS, {"role": role}):
                return None
            return await connection.run_sync(lambda sync: list(statements(sync, role, restrictions)))
    finally:
        await engine.dispose()
