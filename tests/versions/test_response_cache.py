"""What clients see of the response cache, and what runs for each of their requests nevertheless."""

import asyncio
from collections import Counter

import httpx2
import pytest

from app.access.principal import Role
from app.events.metrics import EventMetrics
from app.events.relay import Relay
from app.http.rate_limit.limits import RateLimits
from observability.metrics.metrics import Metrics
from tests.support.app import Person, TestApp
from tests.support.dialects import DIALECTS
from tests.support.dialects.dialect import Dialect
from tests.support.operations import VERSIONS, operations, query_example
from tests.support.redis import RedisServer
from tests.support.response_cache import cached, invalidator_of, reading
from tests.support.statements import statements
from tests.support.waiting import eventually
from tests.support.wire import WIRE

STORED, HIT, COLLAPSED = "strata; fwd=miss; stored", "strata; hit; ttl=5", "strata; fwd=miss; collapsed"
CACHED = {version: [one for one in operations(version) if "x-cache-tags" in one.spec] for version in VERSIONS}
POSTS = f"/api/{WIRE}/posts"
EACH = pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """An empty Redis."""
    with redis_server.client() as client:
        client.flushall()
    return redis_server.url


async def publish(test_app: TestApp, author: Person, title: str = "layers") -> dict[str, object]:
    async with test_app.client(author.headers) as client:
        body = {"title": title, "content": "of rock", "status": "published"}
        response = await client.post(POSTS, json=body)
        assert response.status_code == 201
    found: dict[str, object] = response.json()
    return found


async def relay(test_app: TestApp) -> None:
    """Relay the events so far, as a worker does, and let the process with the cache follow them."""
    await Relay(test_app.runtime.database, Metrics().group(EventMetrics)).step()
    await invalidator_of(test_app).step()


def urls(dialect: Dialect, author: Person) -> list[str]:
    """The URL of each cached operation."""
    found = []
    for operation in CACHED[dialect.name]:
        required = [one for one in operation.parameters("query") if one.get("required")]
        query = "&".join(f"{one['name']}={query_example(one, dialect.name)}" for one in required)
        found.append(f"{operation.url(user_id=author.user.id)}?{query}")
    return found


def status(response: httpx2.Response) -> str | None:
    assert response.status_code == 200, response.text
    return response.headers.get("Cache-Status")


@EACH
async def test_lists_and_searches_are_cached_and_nothing_else(dialect: Dialect) -> None:
    lists = {"posts.list", "posts.search", "users.list_posts"}
    every = {one.name for one in operations(dialect.name) if one.method == "GET"}
    assert {one.name for one in CACHED[dialect.name]} == lists & every


@EACH
async def test_a_second_request_costs_no_statement(test_app: TestApp, dialect: Dialect) -> None:
    ada = await test_app.person("ada@example.com")
    await publish(test_app, ada)
    async with cached(test_app) as app, app.client() as client:
        for url in urls(dialect, ada):
            first = await client.get(url)
            assert (status(first), "Age" in first.headers) == (STORED, False)
            async with statements(app) as seen:
                second = await client.get(url)
            assert (status(second), second.headers["Age"], seen) == (HIT, "0", [])
            assert second.content == first.content
            assert b"layers" in first.content


@EACH
async def test_sixteen_requests_at_once_cost_the_statements_of_one(test_app: TestApp, dialect: Dialect) -> None:
    ada = await test_app.person("ada@example.com")
    await publish(test_app, ada)
    async with cached(test_app) as app, app.client() as client, test_app.client() as direct:
        for url in urls(dialect, ada):
            async with statements(test_app) as alone:
                expected = await direct.get(url)
            async with statements(app) as seen:
                found = await asyncio.gather(*(client.get(url) for _ in range(16)))
            assert seen == alone
            assert Counter(map(status, found)) == {STORED: 1, COLLAPSED: 15}
            assert {response.content for response in found} == {expected.content}


@EACH
async def test_requests_with_credentials_read_the_database(test_app: TestApp, dialect: Dialect) -> None:
    ada = await test_app.person("ada@example.com")
    headers = [ada.headers, await test_app.session(ada), {"Cookie": "theme=dark"}]
    async with cached(test_app) as app, app.client() as client:
        for url in urls(dialect, ada):
            await client.get(url)
            for fields in headers:
                assert status(await client.get(url, headers=fields)) is None
            rejected = await client.get(url, headers={"X-API-Key": "sk_live_wrong"})
            assert (rejected.status_code, "Cache-Status" in rejected.headers) == (401, False)


@EACH
async def test_heads_and_failures_are_not_stored(test_app: TestApp, dialect: Dialect) -> None:
    ada = await test_app.person("ada@example.com")
    async with cached(test_app) as app, app.client() as client:
        for url in urls(dialect, ada):
            assert status(await client.head(url)) is None
            failed = [await client.get(f"{url}&{name}=0") for name in ("limit", "page_size", "page") for _ in range(2)]
            assert not any(found.headers.get("Cache-Status") == HIT for found in failed if not found.is_success)
            assert any(not found.is_success for found in failed)
            assert status(await client.get(url)) == STORED


@EACH
async def test_each_hit_is_charged_measured_and_has_headers_of_its_own(test_app: TestApp, dialect: Dialect) -> None:
    ada = await test_app.person("ada@example.com")
    async with cached(test_app) as app, app.client() as client:
        url = urls(dialect, ada)[0]
        charged: list[str] = []
        charge = RateLimits.charge_address
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(RateLimits, "charge_address", lambda *given: charged.append(given[1]) or charge(*given))
            for _ in range(3):
                found = await client.get(url)
        assert (len(charged), status(found)) == (3, HIT)
        assert {name for name in found.headers if "ratelimit" in name} == {
            name.lower() for name in dialect.shared_rate_limit_headers
        }
        assert found.headers.get_list("Cache-Control") == ["public, max-age=5, stale-while-revalidate=30"]
        metrics = app.runtime.metrics
        assert reading(metrics, "lookups_total", api_version=dialect.name, outcome="hit") == 2
        assert reading(metrics, "bytes") > 0


@EACH
async def test_events_of_posts_and_users_invalidate(test_app: TestApp, dialect: Dialect) -> None:
    ada = await test_app.person("ada@example.com")
    admin = await test_app.person("admin@example.com", Role.ADMIN)
    async with cached(test_app) as app, app.client() as client:
        await relay(app)
        first, *_ = urls(dialect, ada)
        await client.get(first)
        post = await publish(test_app, ada, "published later")
        assert status(await client.get(first)) == HIT, "until the event is relayed"
        await relay(app)
        after = await client.get(first)
        assert (status(after), b"published later" in after.content) == (STORED, True)
        async with test_app.client(admin.headers) as writer:
            changes = [
                writer.patch(f"{POSTS}/{post['id']}", json={"title": "other"}, headers=ada.headers),
                dialect.edit_user(ada, name="Ada Byron").send(writer),
                writer.delete(f"{POSTS}/{post['id']}"),
            ]
            for change in changes:
                assert status(await client.get(first)) in {STORED, HIT}
                assert (await change).is_success
                await relay(app)
                assert status(await client.get(first)) == STORED
        assert reading(app.runtime.metrics, "invalidations_total") == 4


@EACH
async def test_an_event_invalidates_the_responses_before_it_once(test_app: TestApp, dialect: Dialect) -> None:
    ada = await test_app.person("ada@example.com")
    await publish(test_app, ada, "before the process started")
    await Relay(test_app.runtime.database, Metrics().group(EventMetrics)).step()
    async with cached(test_app) as app, app.client() as client:
        url = urls(dialect, ada)[0]
        await relay(app)
        await client.get(url)
        await relay(app)
        assert "Age" in (await client.get(url)).headers
        # The names of two resources are in a list of posts.
        await publish(test_app, ada)
        admin = await test_app.person("admin@example.com", Role.ADMIN)
        async with test_app.client(admin.headers) as writer:
            assert (await dialect.edit_user(ada, name="Ada Byron").send(writer)).is_success
        await relay(app)
        assert status(await client.get(url)) == STORED
        await relay(app)
        assert "Age" in (await client.get(url)).headers
        assert reading(app.runtime.metrics, "invalidations_total") == 2


async def test_events_of_other_resources_invalidate_nothing(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    async with cached(test_app) as app, app.client() as client:
        await relay(app)
        await client.get(POSTS)
        async with test_app.client(await test_app.session(ada)) as writer:
            created = await writer.post(f"/api/{WIRE}/api-keys", json={"name": "k", "scopes": ["posts:read"]})
        assert created.status_code == 201
        await relay(app)
        assert status(await client.get(POSTS)) == HIT
        assert reading(app.runtime.metrics, "invalidations_total") == 0


async def test_the_order_of_parameters_does_not_change_the_response(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    for title in ("first", "second"):
        await publish(test_app, ada, title)
    first, second = "limit=1&sort=title&fields=id,title", "sort=title&fields=id%2Ctitle&limit=1"
    async with cached(test_app) as app, app.client() as client, test_app.client() as direct:
        stored, found = await client.get(f"{POSTS}?{first}"), await client.get(f"{POSTS}?{second}")
        assert (status(stored), status(found)) == (STORED, HIT)
        for query in (first, second):
            expected = await direct.get(f"{POSTS}?{query}")
            assert (expected.content, expected.headers["Link"]) == (found.content, found.headers["Link"])


async def test_a_hit_reports_deprecated_use(test_app: TestApp) -> None:
    async with cached(test_app) as app, app.client() as client:
        url = f"{POSTS}?fields=v1_id"
        found = [await client.get(url) for _ in range(2)]
        assert [status(response) for response in found] == [STORED, HIT]
        assert [response.headers["API-Deprecated"] for response in found] == ["response:v1_id"] * 2


async def test_redis_shares_responses_and_invalidations_between_processes(test_app: TestApp, redis_url: str) -> None:
    ada = await test_app.person("ada@example.com")
    one, two = (cached(test_app, "redis", url=redis_url) for _ in range(2))
    async with one as first, two as second, first.client() as client, second.client() as other:
        await relay(first)
        stored = await client.get(POSTS)
        found = await other.get(POSTS)
        assert (status(stored), status(found), found.content) == (STORED, HIT, stored.content)
        await publish(test_app, ada, "published later")
        await relay(first)
        after = await other.get(POSTS)
        assert (status(after), b"published later" in after.content) == (STORED, True)


async def test_requests_are_served_while_redis_is_killed_and_restarted(
    test_app: TestApp, redis_server: RedisServer, redis_url: str
) -> None:
    async with cached(test_app, "redis", url=redis_url) as app, app.client() as client:
        assert status(await client.get(POSTS)) == STORED
        redis_server.kill()
        try:
            for _ in range(5):
                assert status(await client.get(POSTS)) == "strata; fwd=miss"
        finally:
            redis_server.start()
        await eventually(lambda: _hits(client))
        assert reading(app.runtime.metrics, "failures_total") >= 5


async def _hits(client: httpx2.AsyncClient) -> bool:
    return status(await client.get(POSTS)) == HIT


async def test_without_a_cache_no_response_mentions_it(test_app: TestApp) -> None:
    async with test_app.client() as client:
        for _ in range(2):
            found = await client.get(POSTS)
            assert not {"Age", "Cache-Status"} & {name.title() for name in found.headers}
