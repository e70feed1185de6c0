"""The blocks that PostgreSQL reads for every list and search of the contracts."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, cast

import asyncpg
import httpx2

from app.access.principal import Role
from app.http.runtime import Runtime
from app.kit.db.database import Database
from app.kit.db.sessions import ReadSession
from app.main import create_app
from app.settings.database import DatabaseSettings
from app.settings.root import Settings
from tests.support.app import TestApp
from tests.support.large_tables import fill
from tests.support.list_requests import LISTS, Callers, queries_of
from tests.support.operations import Operation
from tests.support.postgres import clone, drop, owner_dsn

OK: Final = 200
_LOOK_UP: Final = "AS session_uid"
"""In the statement that finds the caller of a request."""
_EXPLAIN: Final = "EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) "


@dataclass
class Blocks:
    """The blocks and the text of each statement by its request, and the operations that executed statements."""

    of_statement: dict[str, int] = field(default_factory=dict)
    sql: dict[str, str] = field(default_factory=dict)
    measured: set[tuple[str, str]] = field(default_factory=set)


class _Recorder:
    """Executes reads on one connection, and keeps them."""

    def __init__(self, connection: "asyncpg.Connection[Any]") -> None:
        self._connection = connection
        self.statements: list[tuple[str, tuple[Any, ...]]] = []

    @asynccontextmanager
    async def acquire(self, _operation: str = "select") -> AsyncIterator["_Recorder"]:
        yield self

    async def fetch(self, sql: str, *arguments: Any) -> Any:
        self.statements.append((sql, arguments))
        return await self._connection.fetch(sql, *arguments)

    async def fetchrow(self, sql: str, *arguments: Any) -> Any:
        self.statements.append((sql, arguments))
        return await self._connection.fetchrow(sql, *arguments)

    def take(self) -> list[tuple[str, tuple[Any, ...]]]:
        taken, self.statements = self.statements, []
        return taken

    async def blocks(self, sql: str, arguments: tuple[Any, ...]) -> int:
        """The blocks that the statement reads, from the cache or not, and those of its temporary files."""
        plan = json.loads(await self._connection.fetchval(_EXPLAIN + sql, *arguments))[0]["Plan"]
        kinds = ("Shared Hit Blocks", "Shared Read Blocks", "Temp Read Blocks", "Temp Written Blocks")
        return sum(plan[kind] for kind in kinds)


async def measure(admin_dsn: str, settings: Settings, rows: int, most: int) -> Blocks:
    """Fill a database with ``rows`` rows in each large table, and send every list and search to it."""
    dsn = await clone(admin_dsn, "lists")
    database = await Database.open(dsn, settings[DatabaseSettings])
    connection = await asyncpg.connect(dsn)
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads)
    try:
        test_app = TestApp(create_app(settings), Runtime.build(settings, database))
        callers = await _prepare(test_app, owner_dsn(dsn), rows)
        recorder = _Recorder(connection)
        database.reads = ReadSession(recorder)
        found = Blocks()
        for operation in LISTS:
            for name, headers in callers.headers().items():
                if not headers and operation.needs_caller:
                    continue
                async with test_app.client(headers) as client:
                    await _measure(operation, name, client, callers, recorder, found, most)
        return found
    finally:
        await connection.close()
        await database.close()
        await drop(admin_dsn, dsn)


async def _prepare(test_app: TestApp, dsn: str, rows: int) -> Callers:
    writer, busy, quiet = [await test_app.person(f"{name}@example.com") for name in ("writer", "busy", "quiet")]
    root = await test_app.person("root@example.com", Role.ADMIN)
    owner = await asyncpg.connect(dsn)
    try:
        await fill(owner, rows, writer.user.id, busy.user.id)
    finally:
        await owner.close()
    sessions = {person.user.email: await test_app.session(person) for person in (writer, quiet, root)}
    return Callers(writer, busy, quiet, root, sessions)


async def _measure(
    operation: Operation,
    caller: str,
    client: httpx2.AsyncClient,
    callers: Callers,
    recorder: _Recorder,
    found: Blocks,
    most: int,
) -> None:
    for label, query in queries_of(operation, callers, most):
        for url in operation_urls(operation, callers):
            recorder.take()
            response = await client.get(url, params=query)
            if response.status_code != OK:
                continue
            following = cast("dict[str, Any]", response.json()) if response.text.startswith("{") else {}
            if following.get("next_cursor"):
                # A page in the middle has another statement.
                await client.get(url, params={**query, "cursor": following["next_cursor"]})
            for number, (sql, arguments) in enumerate(recorder.take()):
                if _LOOK_UP not in sql:
                    key = f"{operation.version} {operation.name} as {caller}: {label or 'no parameters'} ({number})"
                    found.of_statement[key] = await recorder.blocks(sql, arguments)
                    found.sql[key] = sql
                    found.measured.add((operation.version, operation.name))


def operation_urls(operation: Operation, callers: Callers) -> list[str]:
    """The URLs with each object in the path whose list differs."""
    names = [parameter["name"] for parameter in operation.parameters("path")]
    if names == ["user_id"]:
        return [operation.url(user_id=user) for user in callers.authors(operation.version).values()]
    return [operation.url()]
