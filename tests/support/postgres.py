"""PostgreSQL of a run of the suite, one migrated template in it, and clones of that for workers and tests.

The names of all databases begin with the name of the run, so that runs may share a server and find their remains.
"""

import asyncio
import itertools
import os
import re
import secrets
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import asyncpg

from app.kit.db import migrations
from app.kit.db.embedded import APPLICATION_ROLE, EmbeddedPostgres
from app.kit.db.embedded_layout import resolve_layout
from tests.support import memory
from tests.support.limits import POLICIES, set_plans

RUN_VARIABLE: Final = "TESTS_RUN"
"""Passes the name of the run to the pytest workers, which inherit the environment."""
OWNER_VARIABLE: Final = "TESTS_OWNER"
"""Passes the role that owns all tables."""
SERVER_VARIABLE: Final = "TESTS_DATABASE_URL"
"""A database on a server to use instead of an embedded one. Its user needs the right to create databases."""
_LONGEST_LABEL: Final = 30
_numbers = itertools.count()
_created: list[tuple[str, str]] = []
"""The databases that this process created and has not dropped, as DSN of the server and name."""


@cache
def run_name() -> str:
    """The name of this run, a prefix of the names of its databases."""
    return os.environ.setdefault(RUN_VARIABLE, f"strata_{secrets.token_hex(3)}")


def database_url(admin_dsn: str, name: str) -> str:
    """The address of another database of the server."""
    return urlsplit(admin_dsn)._replace(path=f"/{name}").geturl()


def application_dsn(dsn: str) -> str:
    """The address for the role of the application, with the password of the owner if there is one."""
    return dsn_of_role(dsn, APPLICATION_ROLE)


def owner_dsn(dsn: str) -> str:
    """The address for the owner of the tables."""
    return dsn_of_role(dsn, os.environ[OWNER_VARIABLE])


def dsn_of_role(dsn: str, role: str) -> str:
    """The address for another role, with the password of the first one if there is one."""
    parts = urlsplit(dsn)
    _, at, host = parts.netloc.rpartition("@")
    password = f":{parts.password}" if parts.password else ""
    return parts._replace(netloc=f"{role}{password}{at}{host}").geturl()


class TestServer:
    """Started and stopped by the process that starts the pytest workers."""

    __test__ = False

    def __init__(self) -> None:
        self._home = Path(tempfile.mkdtemp(prefix="strata-tests-"))
        self._embedded = None if SERVER_VARIABLE in os.environ else EmbeddedPostgres(self._home, durable=False)
        self._dsn = os.environ.get(SERVER_VARIABLE, "")
        self._memory: Path | None = None

    def start(self) -> str:
        """The address of the server's own database."""
        if self._embedded is not None:
            self._dsn = self._embedded.start()
            self._memory = memory.new_folder(resolve_layout(self._home).owner)
        os.environ[OWNER_VARIABLE] = urlsplit(self._dsn).username or ""
        return self._dsn

    async def prepare(self) -> None:
        """Create the template. Databases are copied to where it is: to memory, if there is enough."""
        place = ""
        if self._memory is not None:
            await _execute(self._dsn, f"CREATE TABLESPACE memory LOCATION '{self._memory}'")
            place = " TABLESPACE memory"
        await _execute(self._dsn, f"CREATE DATABASE {_template()}{place}")

    def migrate_template(self) -> None:
        """Bring the template to head, with plans that no test exhausts."""
        dsn = database_url(self._dsn, _template())
        migrations.upgrade(dsn, role=migrations.Role.of(application_dsn(dsn)))
        asyncio.run(_execute(dsn, set_plans(POLICIES)))

    def cpu_seconds(self) -> float:
        """What the server has used so far: the postmaster and its children that have ended; 0 if it is not ours."""
        if self._embedded is None:
            return 0
        pid = int((resolve_layout(self._home).data / "postmaster.pid").read_text().split()[0])
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return sum(int(field) for field in fields[11:15]) / os.sysconf("SC_CLK_TCK")

    async def drop_all(self) -> list[str]:
        """Drop the databases of this run, and return their names."""
        connection = await asyncpg.connect(self._dsn)
        try:
            query = "SELECT datname FROM pg_database WHERE starts_with(datname, $1)"
            names = [row["datname"] for row in await connection.fetch(query, f"{run_name()}_")]
            for name in names:
                await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        finally:
            await connection.close()
        return names

    def stop(self) -> None:
        """Stop the server and delete its data, unless it is not ours."""
        if self._embedded is not None:
            self._embedded.destroy()
        shutil.rmtree(self._home, ignore_errors=True)
        if self._memory is not None:
            shutil.rmtree(self._memory, ignore_errors=True)


def _template() -> str:
    return f"{run_name()}_template"


async def clone(admin_dsn: str, label: str, *, whole_run: bool = False) -> str:
    """Create a migrated database, and return its address for the role of the application.

    It is dropped after the last test of the file, or of the whole run.
    """
    return application_dsn(await create(admin_dsn, label, _template(), whole_run=whole_run))


async def create(admin_dsn: str, label: str, template: str = "template0", *, whole_run: bool = False) -> str:
    """Create a database with a name of its own, and return its address."""
    readable = re.sub(r"\W", "_", label.lower()).removeprefix("strata_")[:_LONGEST_LABEL]
    name = f"{run_name()}_{readable}_{os.getpid()}_{next(_numbers)}"
    # Copies the files. The default copies page by page through the WAL, at twice the CPU time.
    await _execute(admin_dsn, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    if not whole_run:
        _created.append((admin_dsn, name))
    return database_url(admin_dsn, name)


async def drop(admin_dsn: str, dsn: str) -> None:
    """Drop a database by its address."""
    await _drop(admin_dsn, urlsplit(dsn).path.removeprefix("/"))


async def drop_created() -> None:
    """Drop what this process created for tests that have ended."""
    for admin_dsn, name in _created:
        await _drop(admin_dsn, name)


async def _drop(admin_dsn: str, name: str) -> None:
    await _execute(admin_dsn, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    _created.remove((admin_dsn, name))


async def _execute(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def end_sessions(dsn: str) -> None:
    """Close every other connection to a database, as a server that stops does."""
    connection = await asyncpg.connect(dsn)
    others = "datname = current_database() AND pid <> pg_backend_pid()"
    await connection.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")  # noqa: S608 - a constant
    await connection.close()


def stored_rows(dsn: str, statement: str, *values: object) -> list[tuple[Any, ...]]:
    """The rows of a statement that bypasses the program."""

    async def fetch() -> list[tuple[Any, ...]]:
        connection = await asyncpg.connect(owner_dsn(dsn))
        try:
            return [tuple(row) for row in await connection.fetch(statement, *values)]
        finally:
            await connection.close()

    return asyncio.run(fetch())


def execute_as_owner(dsn: str, statement: str) -> None:
    """Execute a statement as the owner of the tables."""
    asyncio.run(_execute(owner_dsn(dsn), statement))
