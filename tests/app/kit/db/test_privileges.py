"""What the role of the application may do: rows as the models declare, no tables, and the functions of their owner."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

import asyncpg
import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from app.kit.db import migrations, privileges
from app.kit.db.database import sqlalchemy_url
from app.kit.db.embedded import APPLICATION_ROLE
from app.models import restrictions
from tests.support.postgres import application_dsn, clone, create, owner_dsn

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
ROWS: Final = {"SELECT", "INSERT", "UPDATE", "DELETE"}
LESS: Final = {
    "alembic_version": {"SELECT"},
    "role_permissions": {"SELECT"},
    "audit_events": {"SELECT", "INSERT"},
    "accounts": {"SELECT", "INSERT"},
    "holds": {"SELECT"},
    "transfers": {"SELECT"},
    "entries": {"SELECT"},
}
"""The tables on which the application has fewer privileges than on other ones."""
REJECTED: Final = (
    "UPDATE audit_events SET outcome = 'success'",
    "DELETE FROM audit_events",
    "TRUNCATE audit_events",
    "DROP TABLE audit_events",
    "DELETE FROM audit_events_default",
    "SELECT * FROM audit_events_default",
    "ALTER TABLE audit_events DISABLE TRIGGER ALL",
    "UPDATE role_permissions SET role = 'reader'",
    "UPDATE entries SET amount = 1",
    "CREATE TABLE planted (id int)",
    "CREATE FUNCTION planted() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "ALTER TABLE users ADD COLUMN planted int",
    "CREATE ROLE planted",
    "SET ROLE strata",
)


@pytest_asyncio.fixture
async def dsn(admin_dsn: str) -> str:
    return await clone(admin_dsn, "privileges")


@pytest_asyncio.fixture
async def application(dsn: str) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(dsn)
    yield connection
    await connection.close()


@pytest_asyncio.fixture
async def owner(dsn: str) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(owner_dsn(dsn))
    yield connection
    await connection.close()


async def granted(connection: Connection) -> dict[str, set[str]]:
    """The privileges of the application by table, as PostgreSQL's catalogue lists them."""
    found: dict[str, set[str]] = {}
    rows = await connection.fetch(
        "SELECT relname, acl.privilege_type FROM pg_class, aclexplode(relacl) acl"
        " JOIN pg_roles r ON acl.grantee = r.oid"
        " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v') AND rolname = $1",
        APPLICATION_ROLE,
    )
    for row in rows:
        found.setdefault(row["relname"], set()).add(row["privilege_type"])
    return found


async def test_every_table_has_the_declared_grants(owner: Connection) -> None:
    tables = await owner.fetch(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v')"
        " AND NOT relispartition"
    )
    names = {row["relname"] for row in tables}
    assert names >= LESS.keys() | {"users", "pgqueuer", "version_usage"}
    assert await granted(owner) == {name: LESS.get(name, ROWS) for name in names}


async def test_a_view_does_not_widen_the_privileges_on_its_tables(owner: Connection) -> None:
    rows = await owner.fetch(
        "SELECT relname, reloptions FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'v'"
    )
    assert rows
    for row in rows:
        assert row["reloptions"] == ["security_invoker=true"], f"{row['relname']} must be checked as its caller"


async def test_the_application_owns_nothing(owner: Connection) -> None:
    owned = "SELECT count(*) FROM pg_class JOIN pg_roles r ON r.oid = relowner WHERE r.rolname = $1"
    assert await owner.fetchval(owned, APPLICATION_ROLE) == 0
    role = await owner.fetchrow("SELECT * FROM pg_roles WHERE rolname = $1", APPLICATION_ROLE)
    assert role is not None
    assert not any(
        role[name] for name in ("rolsuper", "rolcreaterole", "rolcreatedb", "rolreplication", "rolbypassrls")
    )


@pytest.mark.parametrize("statement", REJECTED)
async def test_the_application_cannot(application: Connection, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await application.execute(statement)


@pytest.mark.parametrize("statement", ["UPDATE audit_events SET outcome = 'success'", "DELETE FROM audit_events"])
async def test_even_the_owner_changes_no_row_by_mistake(owner: Connection, statement: str) -> None:
    await add(owner, datetime.now(UTC))
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
        await owner.execute(statement)
    for table in ("audit_events", "audit_events_default"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
            await owner.execute(f"TRUNCATE {table}")


async def add(connection: Connection, at: datetime) -> None:
    await connection.execute(
        "INSERT INTO audit_events (at, uid, action, outcome, detail)"
        " VALUES ($1, gen_random_uuid(), 'toy.moved', 'success', '{}')",
        at,
    )


async def partitions(connection: Connection) -> dict[str, int]:
    """The partitions with the number of their rows."""
    rows = await connection.fetch(
        "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'audit_events'::regclass"
    )
    return {row["name"]: await connection.fetchval(f"SELECT count(*) FROM {row['name']}") for row in rows}  # noqa: S608 - names from the catalogue


async def test_the_worker_creates_and_drops_partitions_through_functions_of_the_owner(
    application: Connection, owner: Connection
) -> None:
    at_first = await partitions(owner)
    assert len(at_first) == 14, "this month, twelve more, and the default one"
    (*_, last) = sorted(at_first.keys() - {"audit_events_default"})
    await owner.execute(f"DROP TABLE {last}")
    month = datetime.strptime(last[-7:], "%Y_%m").replace(tzinfo=UTC)
    await add(application, month)
    old, very_old = datetime(2020, 1, 31, tzinfo=UTC), datetime(2019, 12, 31, tzinfo=UTC)
    await owner.execute(
        "CREATE TABLE audit_events_2020_01 PARTITION OF audit_events FOR VALUES FROM ('2020-01-01Z') TO ('2020-02-01Z')"
    )
    for at in (old, very_old):
        await add(application, at)
    before = await partitions(owner)
    assert (before["audit_events_default"], before["audit_events_2020_01"]) == (2, 1)
    assert await application.fetchval("SELECT create_audit_partitions()") == 1
    assert await application.fetchval("SELECT create_audit_partitions()") == 0
    assert await application.fetchval("SELECT drop_audit_partitions()") == 1
    after = await partitions(owner)
    assert after == at_first | {last: 1}, "the row of the default partition moved, those of 2020 and before are gone"
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await application.execute(f"DELETE FROM {last}")  # noqa: S608 - a name from the catalogue
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
        await owner.execute(f"TRUNCATE {last}")


async def test_the_functions_of_the_owner_cannot_be_diverted(owner: Connection) -> None:
    rows = await owner.fetch(
        "SELECT proname, proconfig, proacl::text AS acl FROM pg_proc"
        " WHERE prosecdef AND pronamespace = 'public'::regnamespace"
    )
    assert {row["proname"] for row in rows} >= {"create_audit_partitions", "drop_audit_partitions"}
    for row in rows:
        assert any(
            setting.startswith("search_path=pg_catalog, ") and setting.endswith(", pg_temp")
            for setting in row["proconfig"]
        )
        assert "{=X" not in row["acl"], "PUBLIC must not execute it"
        assert ",=X" not in row["acl"]


async def faults(dsn: str) -> Any:
    return await privileges.faults(dsn, restrictions(), 20)


async def test_a_missing_and_a_surplus_grant_are_reported_and_mended(dsn: str, owner: Connection) -> None:
    assert await faults(dsn) == []
    assert await faults(owner_dsn(dsn)) is None, "an owner needs no grants"
    await owner.execute("REVOKE INSERT ON posts FROM strata_app; GRANT DELETE ON audit_events TO strata_app")
    await owner.execute("CREATE TABLE later (id serial); CREATE VIEW seen AS SELECT 1 AS one")
    assert await faults(dsn) == [
        'REVOKE DELETE ON "audit_events" FROM "strata_app"',
        'GRANT DELETE, INSERT, SELECT, UPDATE ON "later" TO "strata_app"',
        'GRANT INSERT ON "posts" TO "strata_app"',
        'GRANT DELETE, INSERT, SELECT, UPDATE ON "seen" TO "strata_app"',
        'GRANT USAGE ON SEQUENCE "later_id_seq" TO "strata_app"',
    ]
    await asyncio.to_thread(migrations.upgrade, owner_dsn(dsn), "head", migrations.Role(APPLICATION_ROLE))
    assert await faults(dsn) == []


async def test_a_role_is_created_with_the_password_of_its_url(admin_dsn: str) -> None:
    owned = await create(admin_dsn, "roles")
    name = "strata_app_of_tests"
    role = migrations.Role.of(f"postgresql://{name}:it%27s%20secret@/strata")
    assert role == migrations.Role(name, "it's secret")
    assert "secret" not in repr(role)
    try:
        await asyncio.to_thread(migrations.upgrade, owned, "head", role)
        engine = create_async_engine(sqlalchemy_url(owned), poolclass=NullPool)
        async with engine.connect() as connection:
            query = text("SELECT rolcanlogin, rolpassword LIKE 'SCRAM%' FROM pg_authid WHERE rolname = :name")
            assert (await connection.execute(query, {"name": name})).one() == (True, True)
        await engine.dispose()
        assert await faults(application_dsn(owned).replace(APPLICATION_ROLE, name)) == []
    finally:
        connection = await asyncpg.connect(owned)
        await connection.execute(f"DROP OWNED BY {name}; DROP ROLE {name}")
        await connection.close()
