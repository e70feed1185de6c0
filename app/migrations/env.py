"""How Alembic reaches the database: asynchronously, one migration run at a time, never waiting long for a lock."""

import asyncio

from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from app.kit.db.database import sqlalchemy_url
from app.models import Base

ADVISORY_LOCK = 5_781_426_301
"""Any number, the same in every process: two runs at once must wait for each other."""


def owned(_object: object, name: str | None, kind: str, *_: object) -> bool:
    """Leave the job queue's tables to the library that owns them."""
    return not (kind == "table" and name is not None and name.startswith("pgqueuer"))


def migrate(connection: Connection) -> None:
    """Run the migrations on an open connection."""
    if context.config.attributes["exclusive"]:
        # Before the timeout, which holds for advisory locks too: another run may take its time.
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": ADVISORY_LOCK})
    connection.execute(text("SET lock_timeout = '5s'"))
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        include_object=owned,
        transaction_per_migration=True,
        compare_type=True,
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()


async def connect_and_migrate() -> None:
    """Open one connection and close it again; the advisory lock ends with it."""
    engine = create_async_engine(sqlalchemy_url(context.config.attributes["dsn"]), poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(migrate)
    finally:
        await engine.dispose()


asyncio.run(connect_and_migrate())
