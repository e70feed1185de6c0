"""What happens to the request that is one too many."""

import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest
from prometheus_client import generate_latest
from sqlalchemy import text

from app.http.middleware.load_shedding import Capacity
from app.settings.http import HttpSettings
from app.settings.root import Settings
from tests.support.app import TestApp
from tests.support.dialects import DIALECTS
from tests.support.operations import VERSIONS

LIMIT = 3


@pytest.fixture(scope="session")
def settings(settings: Settings) -> Settings:
    http = settings[HttpSettings].model_copy(update={"max_concurrent_requests": LIMIT})
    return settings.with_groups(http)


@pytest.fixture
async def held(
    concurrent_app: TestApp, client: httpx2.AsyncClient
) -> AsyncIterator[list["asyncio.Task[httpx2.Response]"]]:
    """As many requests as may be, of both versions, that wait for a table that somebody has locked."""
    async with concurrent_app.runtime.database.write() as session:
        await session.execute(text("LOCK TABLE posts IN ACCESS EXCLUSIVE MODE"))
        tasks = [
            asyncio.create_task(client.get(f"/api/{VERSIONS[number % len(VERSIONS)]}/posts")) for number in range(LIMIT)
        ]
        while concurrent_app.runtime.get(Capacity).in_use < LIMIT:  # noqa: ASYNC110 - no event tells of it
            await asyncio.sleep(0.01)
        yield tasks
    assert [answer.status_code for answer in await asyncio.gather(*tasks)] == [200] * LIMIT


@pytest.fixture
async def client(concurrent_app: TestApp) -> AsyncIterator[httpx2.AsyncClient]:
    async with concurrent_app.client() as client:
        yield client


@pytest.mark.parametrize("version", VERSIONS)
async def test_one_too_many_is_sent_away_at_once_with_a_time_to_return(
    concurrent_app: TestApp, client: httpx2.AsyncClient, held: list["asyncio.Task[httpx2.Response]"], version: str
) -> None:
    answer = await client.get(f"/api/{version}/posts/1")
    assert (answer.status_code, answer.headers["API-Version"]) == (503, version)
    assert 1 <= int(answer.headers["Retry-After"]) <= 3
    document = answer.json()
    if DIALECTS[version].has_codes:
        assert document["code"] == "overloaded"
        assert document["type"].endswith("#temporary-reduced-capacity")
    else:
        assert set(document) == {"detail"}
    assert not [name for name in answer.headers if "ratelimit" in name], "nothing was charged, and no quota read"
    assert (await client.get(f"/api/{version}/posts/1")).status_code == 503
    assert not any(task.done() for task in held), "those that were let in are still being answered"
    assert (await client.get("/health")).status_code == 200, "who watches is not sent away"
    told = generate_latest(concurrent_app.runtime.metrics.registry).decode()
    assert f'http_server_shed_requests_total{{api_version="{version}"}} 2.0' in told


async def test_there_is_room_again_when_one_is_done(concurrent_app: TestApp, client: httpx2.AsyncClient) -> None:
    for _ in range(3 * LIMIT):
        assert (await client.get("/api/v2/posts")).status_code == 200
        assert (await client.get("/api/v2/posts/post_01jwxq7c8gfq8sh1tbp9xqk3ma")).status_code == 404
    assert concurrent_app.runtime.get(Capacity).in_use == 0
