"""Requests whose transaction is lost or rolled back by the server: it runs again, once, and the change is made once."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from sqlalchemy import text

from app.http.runtime import Runtime
from app.kit.db.database import Database
from app.kit.db.sessions import WriteSession
from app.main import create_app
from app.posts.repository import PostRepository
from app.posts.views import PostView
from app.settings.database import DatabaseSettings
from app.settings.http import HttpSettings
from app.settings.root import Settings
from tests.support.app import TestApp
from tests.support.database_proxy import DatabaseProxy, database_proxy
from tests.support.dialects import DIALECTS
from tests.support.operations import VERSIONS
from tests.support.postgres import clone, drop
from tests.support.waiting import PATIENCE, stretched
from tests.support.wire import WIRE

DEADLINE = 1.5
POST = {"title": "T", "content": "C"}
KILL = "SELECT pg_terminate_backend(pg_backend_pid())"
DEADLOCK = "DO $$ BEGIN RAISE EXCEPTION 'deadlock detected' USING ERRCODE = '40P01'; END $$"
SERIALISATION = "DO $$ BEGIN RAISE EXCEPTION 'could not serialize' USING ERRCODE = '40001'; END $$"
LOCK = "DO $$ BEGIN RAISE EXCEPTION 'lock timeout' USING ERRCODE = '55P03'; END $$"
CANCEL = "SELECT pg_cancel_backend(pg_backend_pid())"


class Fault:
    """Executes a statement that fails before each of the first ``times`` inserts of a post."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, statement: str, times: int) -> None:
        self.inserts = 0
        insert = PostRepository.insert

        async def fail(repository: PostRepository, values: Any, author_id: int) -> PostView | None:
            self.inserts += 1
            if self.inserts <= times:
                session: WriteSession = repository._session
                await session.execute(text(statement))
            return await insert(repository, values, author_id)

        monkeypatch.setattr(PostRepository, "insert", fail)


async def count(test_app: TestApp, table: str) -> Any:
    async with test_app.runtime.database.write() as session:
        return await session.scalar(text(f"SELECT count(*) FROM {table}"))  # noqa: S608 - a constant


@pytest.mark.parametrize("statement", [KILL, DEADLOCK, SERIALISATION])
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("key", [None, '"once"'])
async def test_a_transaction_that_had_no_effect_runs_again(
    concurrent_app: TestApp, monkeypatch: pytest.MonkeyPatch, statement: str, version: str, key: str | None
) -> None:
    ada = await concurrent_app.person("ada@example.com")
    fault = Fault(monkeypatch, statement, times=1)
    headers = ada.headers if key is None else ada.headers | {"Idempotency-Key": key}
    async with concurrent_app.client(headers) as client:
        response = await client.post(f"/api/{version}/posts", json=POST)
        assert response.status_code == 201, response.text
        assert fault.inserts == 2
        if key is not None and version == WIRE:
            repeated = await client.post(f"/api/{version}/posts", json=POST)
            assert (repeated.status_code, repeated.content) == (201, response.content)
            assert await count(concurrent_app, "idempotency_records") == 1
        assert (await client.get("/api/v2/posts")).json()["data"][0]["title"] == "T"
    assert await count(concurrent_app, "posts") == 1


@pytest.mark.parametrize(
    ("statement", "status", "inserts"), [(KILL, 503, 2), (DEADLOCK, 503, 2), (LOCK, 503, 1), (CANCEL, 504, 1)]
)
@pytest.mark.parametrize("version", VERSIONS)
async def test_a_transaction_that_fails_again_is_reported_and_changes_nothing(
    concurrent_app: TestApp, monkeypatch: pytest.MonkeyPatch, version: str, statement: str, status: int, inserts: int
) -> None:
    ada = await concurrent_app.person("ada@example.com")
    fault = Fault(monkeypatch, statement, times=9)
    async with concurrent_app.client(ada.headers) as client:
        response = await client.post(f"/api/{version}/posts", json=POST)
    assert (response.status_code, fault.inserts) == (status, inserts)
    assert int(response.headers["Retry-After"]) >= 1
    DIALECTS[version].ensure_failure(response, "timeout" if status == 504 else "unavailable")
    assert await count(concurrent_app, "posts") == 0


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("connected", [True, False])
async def test_every_response_starts_before_the_deadline_while_the_database_hangs(
    hanging: tuple[TestApp, DatabaseProxy], version: str, *, connected: bool
) -> None:
    app, proxy = hanging
    ada = await app.person("ada@example.com")
    requests = [("GET", "/posts"), ("POST", "/posts"), ("GET", "/nowhere")]
    async with app.client(ada.headers) as client:
        for method, path in requests:
            if connected:
                await succeed(client, version)
            else:
                proxy.drop()
            proxy.hang()
            started = time.monotonic()
            response = await client.request(method, f"/api/{version}{path}", json=POST if method == "POST" else None)
            seconds = time.monotonic() - started
            proxy.resume()
            assert response.status_code == 503, response.text
            assert int(response.headers["Retry-After"]) >= 1
            assert seconds < stretched(DEADLINE), f"{method} {path}"
        await succeed(client, version)


async def succeed(client: httpx2.AsyncClient, version: str) -> None:
    """Return when a request succeeds: on a slow machine one may exceed the short deadline although nothing hangs."""
    async with asyncio.timeout(PATIENCE):
        while (await client.get(f"/api/{version}/posts")).status_code != 200:
            pass


@pytest_asyncio.fixture(loop_scope="session")
async def hanging(admin_dsn: str, settings: Settings) -> AsyncIterator[tuple[TestApp, DatabaseProxy]]:
    """An application with a short deadline and a database of its own, which can hang."""
    dsn = await clone(admin_dsn, "hanging")
    short = settings.with_groups(settings[HttpSettings].model_copy(update={"request_timeout": DEADLINE}))
    with tempfile.TemporaryDirectory(prefix="strata-proxy-") as folder:
        async with database_proxy(dsn, Path(folder)) as proxy:
            database = await Database.open(proxy.dsn, DatabaseSettings(connect_timeout=20, statement_timeout=20))
            yield TestApp(create_app(short), Runtime.build(short, database)), proxy
            await database.close()
    await drop(admin_dsn, dsn)
