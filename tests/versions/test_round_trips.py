"""How often a request waits for PostgreSQL, with the look-up of the caller and the event of the change."""

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from app.access.principal import Role
from app.http.runtime import Runtime
from app.kit.db.database import Database
from app.main import create_app
from app.settings.database import DatabaseSettings
from app.settings.root import Settings
from tests.support.app import TestApp
from tests.support.database_proxy import database_proxy
from tests.support.dialects import DIALECTS
from tests.support.identities import PROVIDERS
from tests.support.postgres import clone, drop
from tests.support.round_trips import RoundTrips
from tests.support.wire import WIRE
from tests.support.writes import ENDS_A_USER, WRITES, scene_of


@pytest.fixture(scope="session")
def settings(settings: Settings) -> Settings:
    """With a provider, to which a user starts a visit."""
    return settings.with_groups(PROVIDERS)


@pytest.fixture
def trips() -> RoundTrips:
    return RoundTrips()


@pytest_asyncio.fixture(loop_scope="session")
async def proxied_app(admin_dsn: str, settings: Settings, trips: RoundTrips) -> AsyncIterator[TestApp]:
    """An application whose connections to a database of its own are observed."""
    dsn = await clone(admin_dsn, "trips")
    with tempfile.TemporaryDirectory(prefix="strata-proxy-") as folder:
        async with database_proxy(dsn, Path(folder), trips.connect) as proxy:
            database = await Database.open(proxy.dsn, settings[DatabaseSettings])
            yield TestApp(create_app(settings), Runtime.build(settings, database))
            await database.close()
    await drop(admin_dsn, dsn)


@pytest.mark.parametrize("version", DIALECTS)
async def test_one_post_costs_two_round_trips_also_when_reading_counts_a_view(
    proxied_app: TestApp, trips: RoundTrips, version: str
) -> None:
    ada = await proxied_app.person("ada@example.com")
    async with proxied_app.client(ada.headers) as client:
        made = (await client.post("/api/v2/posts", json={"title": "T", "content": "c", "status": "published"})).json()
        for _ in range(2):
            trips.take()
            response = await client.get(DIALECTS[version].post_url(made))
            assert response.status_code == 200
    operation = "UPDATE posts" if DIALECTS[version].has_effects("posts.get") else "SELECT"
    caller, post = trips.take()
    assert "FROM api_keys" in caller
    assert operation in post, post


@pytest.mark.parametrize("version", DIALECTS)
async def test_writes_cost_what_the_table_says(proxied_app: TestApp, trips: RoundTrips, version: str) -> None:
    """With the look-up of the caller, BEGIN and COMMIT, and the events; of several requests, the most expensive one."""
    root = await proxied_app.person("root@example.com", Role.ADMIN)
    scene = await scene_of(proxied_app, root, 0)
    counted: dict[str, int] = {}
    for number, (of_version, name, build) in enumerate(WRITES):
        if of_version != version:
            continue
        scene.new_email, scene.name = f"new{number}@example.com", f"Name {number}"
        method, url, options = await build(scene)
        trips.take()
        response = await scene.send(method, url, **options)
        assert response.is_success, f"{build.__name__}: {response.status_code} {response.text}"
        counted[name] = max(counted.get(name, 0), len(trips.take()))
        if name in ENDS_A_USER:
            scene = await scene_of(proxied_app, root, number)
    assert counted == DIALECTS[version].round_trips


async def test_a_key_costs_four_round_trips_more_for_a_new_post(proxied_app: TestApp, trips: RoundTrips) -> None:
    """The transaction, the lock with the look-up of the key, and the stored response, which the events join."""
    ada = await proxied_app.person("ada@example.com")
    counted = []
    async with proxied_app.client(ada.headers) as client:
        for number in range(2):
            post = f"/api/{WIRE}/posts"
            requests: list[tuple[str, str, dict[str, Any] | None]] = [("POST", post, {"title": "T", "content": "c"})]
            requests += [("PATCH", post, {"title": "U"}), ("DELETE", post, None)]
            url = ""
            for method, path, body in requests:
                trips.take()
                keyed = {"Idempotency-Key": f'"{method} {number}"'}
                response = await client.request(method, url or path, json=body, headers=keyed)
                assert response.is_success, response.text
                counted.append(trips.take())
                url = url or response.headers["Location"]
    assert [len(statements) for statements in counted[3:]] == [6, 6, 6], counted[3:]
