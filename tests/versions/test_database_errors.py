"""Every class of failure of the database, provoked in PostgreSQL itself, and the response of each version.

Another transaction locks a table, so that a request waits in PostgreSQL; then its session is ended, its statement is
cancelled or runs into a limit. The classes by SQLSTATE: 40001, 40P01, 53300, 55P03, 57014 and 57P01; 23503 is in
``test_races.py``, failures at ``COMMIT`` in ``test_commits.py``.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx2
import pytest
from prometheus_client import generate_latest

from app.http.runtime import Runtime
from app.kit.db.database import Database
from app.main import create_app
from app.settings.database import DatabaseSettings
from app.settings.http import HttpSettings
from app.settings.root import Settings
from tests.support.app import Person, TestApp
from tests.support.dialects import DIALECTS
from tests.support.operations import VERSIONS
from tests.support.postgres import clone, dsn_of_role, owner_dsn
from tests.support.transactions import dsn_of
from tests.support.waiting import eventually
from tests.support.wire import WIRE

ADDRESS = "ada@example.com"
PATIENT = HttpSettings(request_timeout=120)
"""No deadline of a request is reached, so that only PostgreSQL ends a statement."""
LONG = DatabaseSettings(statement_timeout=100, lock_timeout=90)
DRAFT = {"title": "T", "content": "C"}
both = pytest.mark.parametrize("version", VERSIONS)
ALONE = {"write"}
"""One statement that commits by itself. Whether it did is unknown after a lost connection, so it does not run again."""
Request = tuple[str, str, dict[str, Any]]
Connection = asyncpg.Connection


def requests(version: str) -> dict[str, tuple[str, Request]]:
    """One request of each kind, and the table for which it waits."""
    url = f"/api/{version}"
    found: dict[str, tuple[str, Request]] = {
        "read": ("posts", ("GET", f"{url}/posts", {})),
        "write": ("posts", ("POST", f"{url}/posts", {"json": DRAFT})),
    }
    login = DIALECTS[version].login(ADDRESS)
    found["form"] = ("sessions", (login.method, login.url, login.options))
    for kind, batch in DIALECTS[version].batches().items():
        found[kind] = ("posts", (batch.method, batch.url, batch.options))
    if version == WIRE:
        keyed = {"json": DRAFT, "headers": {"Idempotency-Key": '"1"'}}
        found["idempotent"] = ("posts", ("POST", f"{url}/posts", keyed))
    return found


class Scene:
    """An application, a caller, and a connection of an operator."""

    def __init__(self, app: TestApp, ada: Person, operator: Connection, locker: Connection) -> None:
        self.app = app
        self.ada = ada
        self.operator = operator
        """Executes single statements: within a transaction, ``pg_stat_activity`` would not change."""
        self._locker = locker

    async def send(self, method: str, url: str, options: dict[str, Any]) -> httpx2.Response:
        headers = {} if "data" in options else self.ada.headers
        async with self.app.client(headers) as client:
            return await client.request(method, url, **options)

    @asynccontextmanager
    async def locked(self, table: str) -> AsyncIterator[None]:
        """During the block, every statement on the table waits."""
        async with self._locker.transaction():
            await self._locker.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
            yield

    @asynccontextmanager
    async def changing_posts(self) -> AsyncIterator[None]:
        """Another transaction, open during the block, that changes every post."""
        async with self._locker.transaction(isolation="read_committed"):
            await self._locker.execute("UPDATE posts SET created_at = created_at")
            yield

    async def waiting(self, *known: int) -> int:
        """The process of PostgreSQL that waits for a lock, once there is one beside ``known``."""
        found: list[int] = []

        async def reached() -> bool:
            query = (
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
                "AND wait_event_type = 'Lock' AND pid <> ALL($1)"
            )
            found[:] = [row["pid"] for row in await self.operator.fetch(query, list(known))]
            return bool(found)

        await eventually(reached)
        return found[0]

    async def posts(self) -> int:
        return int(await self.operator.fetchval("SELECT count(*) FROM posts"))


@pytest.fixture
def settings_of_database() -> DatabaseSettings:
    return LONG


@pytest.fixture
async def scene(admin_dsn: str, settings: Settings, settings_of_database: DatabaseSettings) -> AsyncIterator[Scene]:
    dsn = await clone(admin_dsn, "errors")
    patient = settings.with_groups(PATIENT.model_copy(update={"cursor_key": settings[HttpSettings].cursor_key}))
    database = await Database.open(dsn, settings_of_database)
    operator, locker = [await asyncpg.connect(owner_dsn(dsn)) for _ in range(2)]
    app = TestApp(create_app(patient), Runtime.build(patient, database))
    found = Scene(app, await app.person(ADDRESS), operator, locker)
    # The first use of a key is recorded.
    await found.send("GET", "/api/v2/me", {})
    await found.send("POST", "/api/v2/posts", {"json": DRAFT})
    yield found
    await database.close()
    await operator.close()
    await locker.close()


def ensure_rejected(version: str, kind: str, response: httpx2.Response, status: int) -> None:
    """The failure is reported in the format of the version, and says when to retry."""
    assert response.status_code == status, f"{kind}: {response.status_code} {response.text}"
    assert int(response.headers["Retry-After"]) >= 1
    assert response.headers["Cache-Control"] in {"no-store", "private, no-cache"}
    DIALECTS[version].ensure_failure(response, {503: "unavailable", 504: "timeout"}[status])


@both
async def test_a_session_that_is_ended_once_costs_nothing(scene: Scene, version: str) -> None:
    """57P01: an administrator or a fail-over ends the session of a statement."""
    for kind, (table, request) in requests(version).items():
        before = await scene.posts()
        async with scene.locked(table):
            task = asyncio.create_task(scene.send(*request))
            pid = await scene.waiting()
            await scene.operator.execute("SELECT pg_terminate_backend($1)", pid)
            if kind in ALONE:
                ensure_rejected(version, kind, await task, 503)
                continue
            await scene.waiting(pid)
        response = await task
        assert response.is_success, f"{kind}: {response.status_code} {response.text}"
        made = kind in {"idempotent", "batch write"}
        assert await scene.posts() == before + made, kind


@both
async def test_a_session_that_is_ended_twice_is_503(scene: Scene, version: str) -> None:
    for kind, (table, request) in requests(version).items():
        async with scene.locked(table):
            task = asyncio.create_task(scene.send(*request))
            first = await scene.waiting()
            await scene.operator.execute("SELECT pg_terminate_backend($1)", first)
            if kind not in ALONE:
                await scene.operator.execute("SELECT pg_terminate_backend($1)", await scene.waiting(first))
            ensure_rejected(version, kind, await task, 503)
    assert await scene.posts() == 1


@both
async def test_a_cancelled_statement_is_504_and_runs_once(scene: Scene, version: str) -> None:
    """57014."""
    for kind, (table, request) in requests(version).items():
        async with scene.locked(table):
            task = asyncio.create_task(scene.send(*request))
            await scene.operator.execute("SELECT pg_cancel_backend($1)", await scene.waiting())
            ensure_rejected(version, kind, await task, 504)
    assert await scene.posts() == 1


@pytest.mark.parametrize(
    ("settings_of_database", "status"),
    [
        (DatabaseSettings(statement_timeout=0.5, lock_timeout=90), 504),
        (DatabaseSettings(statement_timeout=90, lock_timeout=0.5), 503),
    ],
    ids=["57014 by statement_timeout", "55P03 by lock_timeout"],
)
@both
async def test_both_limits_of_a_statement_take_effect(scene: Scene, version: str, status: int) -> None:
    for kind, (table, request) in requests(version).items():
        async with scene.locked(table):
            # The driver's own limit is a second longer, and its error is another one.
            ensure_rejected(version, kind, await scene.send(*request), status)
        response = await scene.send(*request)
        assert response.is_success, f"{kind}: {response.status_code} {response.text}"


@both
async def test_a_serialisation_failure_runs_again(scene: Scene, version: str) -> None:
    """40001: another transaction changed the row, and the isolation level does not allow to continue."""
    url, method = await new_post(scene, version)
    await configure(scene, "default_transaction_isolation = 'repeatable read'")
    async with scene.changing_posts():
        task = asyncio.create_task(scene.send(method, url, {"json": {"title": "N"}}))
        await scene.waiting()
    response = await task
    assert (response.status_code, response.json()["title"]) == (200, "N"), response.text
    assert await second_attempts(scene) == 1


async def configure(scene: Scene, setting: str) -> None:
    """Set a default of the database, and end the sessions that have another one."""
    database = await scene.operator.fetchval("SELECT current_database()")
    await scene.operator.execute(f"ALTER DATABASE {database} SET {setting}")
    await scene.operator.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND application_name = 'strata'",
        database,
    )


async def second_attempts(scene: Scene) -> float:
    exposed = generate_latest(scene.app.runtime.metrics.registry).decode()
    return sum(float(line.split()[-1]) for line in exposed.splitlines() if line.startswith("db_retries_total"))


async def new_post(scene: Scene, version: str) -> tuple[str, str]:
    """The URL of a new post, and the method that edits it."""
    made = (await scene.send("POST", "/api/v2/posts", {"json": DRAFT})).json()
    edit = DIALECTS[version].edit_post(made)
    return edit.url, edit.method


async def test_the_victim_of_a_deadlock_runs_again(scene: Scene) -> None:
    """40P01: the batch has locked its author and waits for the post; the operator has the post and wants the author."""
    made = (await scene.send("POST", "/api/v2/posts", {"json": DRAFT})).json()
    batch = {"operations": [{"op": "update", "id": made["id"], "patch": {"title": "N"}}]}
    await configure(scene, "deadlock_timeout = '2s'")
    other = await asyncpg.connect(owner_dsn(dsn_of(scene.app)))
    await other.execute("SET deadlock_timeout = '100s'")
    async with other.transaction():
        await other.execute("SELECT 1 FROM posts FOR UPDATE")
        task = asyncio.create_task(scene.send("POST", "/api/v2/posts/batch", {"json": batch}))
        await scene.waiting()
        # Waits until PostgreSQL has found the deadlock and has ended the transaction of the request.
        # Its next one waits for the table; a row it could lock first, and be the victim again.
        await other.execute("LOCK TABLE users IN ACCESS EXCLUSIVE MODE")
    response = await task
    assert response.status_code == 207, response.text
    assert response.json()["results"][0]["post"]["title"] == "N"
    deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"

    async def counted() -> bool:
        return bool(await scene.operator.fetchval(deadlocks))

    await eventually(counted)
    await other.close()


@both
async def test_a_server_without_free_connections_is_503(scene: Scene, version: str) -> None:
    """53300: PostgreSQL rejects new connections, also while a request waits for none."""
    role = f"limited_{os.getpid()}_{version}"
    await scene.operator.execute(f"CREATE ROLE {role} LOGIN CONNECTION LIMIT 0")
    await scene.operator.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}")
    await scene.operator.execute(f"GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {role}")
    database = await Database.open(dsn_of_role(dsn_of(scene.app), role), LONG)
    app = TestApp(create_app(scene.app.runtime.settings), Runtime.build(scene.app.runtime.settings, database))
    limited = Scene(app, scene.ada, scene.operator, scene.operator)
    for kind, (_, request) in requests(version).items():
        ensure_rejected(version, kind, await limited.send(*request), 503)
    await scene.operator.execute(f"ALTER ROLE {role} CONNECTION LIMIT 10")
    for kind, (_, request) in requests(version).items():
        response = await limited.send(*request)
        assert response.is_success, f"{kind}: {response.status_code} {response.text}"
    await database.close()
    await scene.operator.execute(f"DROP OWNED BY {role}")
    await scene.operator.execute(f"DROP ROLE {role}")
