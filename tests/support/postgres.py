"""One PostgreSQL for a run of the suite, one migrated template in it, one clone of that for each worker."""

import shutil
import tempfile
from pathlib import Path

import asyncpg

from app.kit.db import migrations
from app.kit.db.embedded import EmbeddedPostgres

TEMPLATE = "strata_template"


class TestServer:
    """Started and stopped by the process that starts the pytest workers."""

    __test__ = False

    def __init__(self) -> None:
        self._home = Path(tempfile.mkdtemp(prefix="strata-tests-"))
        self._server = EmbeddedPostgres(self._home, durable=False)

    async def prepare(self) -> None:
        """Start, and migrate the template."""
        connection = await asyncpg.connect(self._server.dsn())
        try:
            await connection.execute(f"CREATE DATABASE {TEMPLATE}")
        finally:
            await connection.close()

    def start(self) -> str:
        """The address of the server's own database."""
        return self._server.start()

    def migrate_template(self) -> None:
        """Bring the template to head."""
        migrations.upgrade(self._server.dsn(TEMPLATE))

    def stop(self) -> None:
        """Stop the server and delete its data."""
        self._server.destroy()
        shutil.rmtree(self._home, ignore_errors=True)


async def clone(admin_dsn: str, name: str) -> str:
    """Create a migrated database, and return its address."""
    connection = await asyncpg.connect(admin_dsn)
    try:
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    finally:
        await connection.close()
    return admin_dsn.replace("/strata?", f"/{name}?")


async def end_sessions(dsn: str) -> None:
    """Close every other connection to a database, as a server that stops does."""
    connection = await asyncpg.connect(dsn)
    others = "datname = current_database() AND pid <> pg_backend_pid()"
    await connection.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")  # noqa: S608 - a constant
    await connection.close()
