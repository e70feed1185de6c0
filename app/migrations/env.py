"""Runs Alembic on an asynchronous connection, one run at a time, with a limit on every lock and statement.

A migration that needs more time raises a limit for itself, in its transaction with
``op.execute("SET LOCAL statement_timeout = '10min'")``. In an autocommit block there is no transaction: use ``SET``
before and ``RESET`` after the statement. See app/kit/db/adr/0003-migrations-while-the-previous-release-runs.md.
"""

import asyncio
import time

from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from app.kit.db.database import sqlalchemy_url
from app.kit.db.locks import lock_ids
from app.kit.db.privileges import grant
from app.models import Base, restrictions

LOCK_POLL_SECONDS = 0.2
LIMITS = {"lock_timeout": "5s", "statement_timeout": "60s"}
"""Parameters of the session, so that ``RESET`` restores them. A statement that waits for a lock blocks every later
statement on that table, those of the release that serves included."""


def include_object(_object: object, name: str | None, kind: str, *_: object) -> bool:
    """Exclude the tables of the job queue, which PgQueuer creates, and the partitions of the audit trail."""
    return not (kind == "table" and name is not None and name.startswith(("pgqueuer", "audit_events_")))


def wait_for_other_runs(connection: Connection) -> None:
    """Acquire the advisory lock, without a limit on the duration of another run.

    This polls: a transaction that waits in ``pg_advisory_lock`` has a snapshot, for which ``CREATE INDEX CONCURRENTLY``
    of the other run would wait, which is a deadlock.
    """
    statement = text("SELECT pg_try_advisory_lock(:purpose, :key)")
    purpose, key = lock_ids("migrations")
    while not connection.scalar(statement, {"purpose": purpose, "key": key}):
        connection.rollback()
        time.sleep(LOCK_POLL_SECONDS)
    connection.commit()


def migrate(connection: Connection) -> None:
    """Run the migrations on an open connection."""
    if context.config.attributes["exclusive"]:
        wait_for_other_runs(connection)
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        include_object=include_object,
        transaction_per_migration=True,
        compare_type=True,
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()
    if (role := context.config.attributes["role"]) is not None:
        grant(connection, role.name, role.password, restrictions())
        connection.commit()


async def connect_and_migrate() -> None:
    """Open one connection and close it afterwards, which releases the advisory lock."""
    engine = create_async_engine(
        sqlalchemy_url(context.config.attributes["dsn"]), poolclass=NullPool, connect_args={"server_settings": LIMITS}
    )
    try:
        async with engine.connect() as connection:
            await connection.run_sync(migrate)
    finally:
        await engine.dispose()


asyncio.run(connect_and_migrate())
