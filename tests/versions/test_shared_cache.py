"""Callers behind one shared cache never receive responses of each other, whatever they read and in whatever order."""

from collections.abc import Mapping
from functools import partial
from urllib.parse import urlencode

import httpx2
import pytest

from app.access.principal import Role
from tests.support.app import Person, TestApp
from tests.support.dialects import DIALECTS
from tests.support.operations import VERSIONS, Operation, operations, query_example
from tests.support.response_cache import cached
from tests.support.shared_cache import SharedCache

OF_ONE_REQUEST = {
    *("age", "cache-status", "content-length", "x-request-id", "traceresponse", "server-timing", "retry-after"),
    *("ratelimit", "x-ratelimit-remaining", "x-ratelimit-reset"),
}
EVENT_STREAM = "text/event-stream"
PUBLIC = {"anonymous", "cookie of a stream"}
"""The cookie authenticates streams only, so that its sender may receive what anybody may read, but not the reverse."""


async def callers(test_app: TestApp) -> tuple[dict[str, Mapping[str, str]], dict[str, Person]]:
    """The headers of each caller, and the users among them."""
    people = {
        "ada": await test_app.person("ada@example.com"),
        "bob": await test_app.person("bob@example.com"),
        "admin": await test_app.person("admin@example.com", Role.ADMIN),
    }
    headers: dict[str, Mapping[str, str]] = {name: person.headers for name, person in people.items()}
    headers["ada with a token"] = await test_app.session(people["ada"])
    headers["wrong key"] = {"X-API-Key": "sk_live_wrong"}
    headers["cookie of a stream"] = {"Cookie": "strata_stream=wrong"}
    return {"anonymous": {}, **headers}, people


async def objects(test_app: TestApp, version: str, author: Person) -> list[dict[str, object]]:
    """Path parameters of a draft and of a published post, and their author."""
    found: list[dict[str, object]] = []
    async with test_app.client(author.headers) as client:
        for status in ("draft", "published"):
            body = {"title": status, "content": "of ada"}
            post = (await client.post(f"/api/{version}/posts", json=body)).json()
            found.append({"post_id": post["id"], "user_id": post["author_id"]})
    statement = "UPDATE posts SET status = 'published', published_at = now() WHERE title = 'published'"
    async with test_app.runtime.database.write() as session:
        await (await session.driver()).execute(statement)
    return found


def reads(version: str) -> list[Operation]:
    """Every GET but streams, which no cache stores."""
    found = [operation for operation in operations(version) if operation.method == "GET"]
    return [one for one in found if EVENT_STREAM not in one.spec["responses"].get("200", {}).get("content", {})]


def query_of(operation: Operation) -> str:
    required = [one for one in operation.parameters("query") if one.get("required")]
    return urlencode({one["name"]: query_example(one, operation.version) for one in required})


def is_repeatable(operation: Operation) -> bool:
    """Whether two requests of one caller have the same response. Reading the audit log adds to it."""
    return operation.name not in {"rate_limit.get", "audit_events.list"} and not DIALECTS[
        operation.version
    ].has_effects(operation.name)


async def fetch(app: TestApp, url: str, headers: Mapping[str, str]) -> httpx2.Response:
    async with app.client(dict(headers)) as client:
        return await client.get(url)


def shown(response: httpx2.Response) -> tuple[int, object, dict[str, str]]:
    """What a caller receives, without what names the request or says how it was served."""
    headers = {name: value for name, value in response.headers.items() if name not in OF_ONE_REQUEST}
    try:
        body = response.json()
    except ValueError:
        return response.status_code, response.content, headers
    if isinstance(body, dict):
        body = {name: value for name, value in body.items() if name not in {"request_id", "trace_id"}}
    return response.status_code, body, headers


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("backend", ["none", "memory", "redis"])
async def test_callers_never_receive_responses_of_each_other(
    test_app: TestApp, version: str, backend: str, request: pytest.FixtureRequest
) -> None:
    """Each caller receives through the caches of others and ours what it receives without them."""
    url = request.getfixturevalue("redis_server").url if backend == "redis" else None
    headers, people = await callers(test_app)
    values = await objects(test_app, version, people["ada"])
    hits, ours = set(), set()

    async with cached(test_app, backend, url=url) as caching_app:
        for operation in reads(version):
            for path in sorted({f"{operation.url(**each)}?{query_of(operation)}" for each in values}):
                direct = {caller: shown(await fetch(test_app, path, headers[caller])) for caller in headers}
                cache = SharedCache(partial(fetch, caching_app))
                # Every caller comes before and after every other one: first behind a shared cache, then without it.
                for caller in (*headers, *reversed(headers), *headers):
                    received = await cache.get(path, caller, headers[caller])
                    message = f"{caller} received the {path} of {received.caller}"
                    assert received.caller == caller or {received.caller, caller} <= PUBLIC, message
                    assert received.caller == "anonymous" or caller != "anonymous", message
                    if is_repeatable(operation):
                        assert shown(received.response) == direct[received.caller], message
                if cache.hits:
                    hits.add(operation.name)
                for caller in (*headers, *reversed(headers)):
                    response = await fetch(caching_app, path, headers[caller])
                    if response.headers.get("Cache-Status", "").startswith("strata; hit"):
                        assert caller == "anonymous"
                        ours.add(operation.name)
                    if is_repeatable(operation):
                        assert shown(response) == direct[caller], f"{caller}: {path}"
    assert {"posts.list", "posts.search"} <= hits
    cacheable = {operation.name for operation in reads(version) if "x-cache-tags" in operation.spec}
    assert ours == (set() if backend == "none" else cacheable)
