"""A rejected request is a use of its operation: the caller still depends on it. Only unknown callers do not count."""

from types import SimpleNamespace

import pytest
from uuid_utils.compat import uuid7

from app.access.principal import Role
from app.http import usage
from app.http.usage import UsageComponent, UsageListener
from app.models.usage import ANONYMOUS
from observability.requests.context import RequestContext
from tests.support.app import TestApp
from tests.support.registries import CURRENT
from tests.support.transactions import rows
from versions.kit.typeid import encode

POSTS = "/api/v2/posts"


async def used(test_app: TestApp) -> set[tuple[str, str, int]]:
    """Consumer, operation and number of requests."""
    await test_app.runtime.get(UsageComponent).flush()
    found = await rows(test_app, "SELECT consumer, operation, requests FROM usage_days WHERE feature = ''")
    return {(row["consumer"], row["operation"], row["requests"]) for row in found}


async def test_requests_that_are_rejected_after_the_sign_in_count(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com", Role.READER)
    async with test_app.client(ada.headers) as client:
        answers = [
            await client.get(f"{POSTS}/{encode('post', uuid7())}"),
            await client.post(POSTS, json={"title": "T", "content": "c"}),
            await client.get(POSTS, params={"limit": "many"}),
        ]
        unknown = [await client.put(POSTS, json={})]
    async with test_app.client({"Authorization": "Bearer wrong"}) as client:
        unknown.append(await client.get(POSTS))
    assert [answer.status_code for answer in answers] == [404, 403, 422]
    assert [answer.status_code for answer in unknown] == [405, 401]
    assert await used(test_app) == {
        (str(ada.key_uid), operation, 1) for operation in ("posts.get", "posts.create", "posts.list")
    }


@pytest.mark.parametrize(
    ("status", "counts"),
    [
        *((status, True) for status in (200, 400, 402, 403, 404, 408, 409, 410, 412, 413, 415, 422, 428, 429, 499)),
        *((status, True) for status in (500, 503, None)),
        *((status, False) for status in (401, 405)),
    ],
)
async def test_which_outcomes_count(
    test_app: TestApp, monkeypatch: pytest.MonkeyPatch, status: int | None, *, counts: bool
) -> None:
    monkeypatch.setattr(usage, "runtime_of", lambda _scope: test_app.runtime)
    context = RequestContext("r-1", "0" * 32, "0" * 16, parent_span_id=None, api_version=CURRENT.name)
    context.status = status
    head = {"path": "/", "query_string": b"", "headers": []}
    scope = {"type": "http", "route": SimpleNamespace(operation_id="posts.list"), "state": {}, **head}
    UsageListener().on_end([(scope, context)])
    assert await used(test_app) == ({(ANONYMOUS, "posts.list", 1)} if counts else set())
