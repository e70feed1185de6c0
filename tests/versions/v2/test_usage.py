"""The usage of a user over HTTP: what is counted, filters and pages."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import httpx2
import pytest

from app.access.commands import KeyDraft
from app.access.service import ApiKeyService
from app.http.usage import UsageComponent
from app.kit.clock import utc_now
from observability.requests import context
from tests.support.app import Person, TestApp
from versions.kit.typeid import encode

URL = "/api/v2/usage"


@pytest.fixture
async def ada(test_app: TestApp) -> Person:
    return await test_app.person("ada@example.com")


def numbers(row: dict[str, Any]) -> tuple[int, int, int, int]:
    return row["requests"], row["errors"], row["rejections"], row["deprecated_calls"]


async def shown(test_app: TestApp, headers: dict[str, str], **query: Any) -> Any:
    await test_app.runtime.get(UsageComponent).flush()
    async with test_app.client(headers) as client:
        response = await client.get(URL, params=query)
    assert response.status_code == 200, response.text
    return response.json()


async def test_requests_of_each_version_are_added_by_day_and_key(test_app: TestApp, ada: Person) -> None:
    eve = await test_app.person("eve@example.com")
    session = await test_app.session(ada)
    began = utc_now()
    async with test_app.client(ada.headers) as client:
        await client.get("/api/v2/posts")
        await client.get("/api/v2/posts/post_01jwncvk8ze5zsanj0xc41wz7q")
        await client.get("/api/v1/posts")
        await client.get("/api/v2/nothing")
    async with test_app.client(eve.headers) as client:
        await client.get("/api/v2/posts")
    async with test_app.client() as client:
        await client.get("/api/v2/posts")
    async with test_app.client(session) as client:
        await client.get("/api/v2/me")
    rows = {row["api_key_id"] is None: row for row in (await shown(test_app, session))["data"]}
    assert {row["day"] for row in rows.values()} <= {day.date().isoformat() for day in (began, utc_now())}
    assert numbers(rows[False]) == (3, 1, 0, 1), "a request that matched no route is not counted"
    assert numbers(rows[True]) == (1, 0, 0, 0)
    assert 0 < rows[False]["p95_ms"] <= 10_000
    async with test_app.client(session) as client:
        await client.get(f"/api/v2/api-keys/{rows[False]['api_key_id']}")
    (theirs,) = (await shown(test_app, eve.headers))["data"]
    assert numbers(theirs) == (1, 0, 0, 0), "nobody sees the usage of another user"


async def test_a_slow_request_is_counted_as_a_slow_one(
    test_app: TestApp, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = count(0, 0.4)
    monkeypatch.setattr(context, "perf_counter", lambda: next(ticks))
    async with test_app.client(ada.headers) as client:
        await client.get("/api/v2/posts")
    (row,) = (await shown(test_app, ada.headers))["data"]
    assert row["p95_ms"] >= 400


async def test_rejections_are_no_errors(test_app: TestApp, ada: Person) -> None:
    async with test_app.runtime.database.write() as session:
        until = utc_now() + timedelta(hours=1)
        await (await session.driver()).execute("UPDATE api_keys SET early_brownout_until = $1", until)
    async with test_app.client(ada.headers) as client:
        assert (await client.get("/api/v1/posts")).status_code == 410
    (row,) = (await shown(test_app, ada.headers))["data"]
    assert (numbers(row), row["p95_ms"]) == ((1, 0, 1, 1), None)


async def test_a_key_and_its_successor_are_one_key(test_app: TestApp, ada: Person) -> None:
    async with test_app.runtime.database.write() as session:
        service = ApiKeyService(session)
        old, text = await service.create(KeyDraft(ada.user.id, "old", ["posts:read"]))
        await session.flush()
        _, new, successor = await service.rotate(old.uid, timedelta(days=1))
    for each in (text, successor):
        async with test_app.client({"X-API-Key": each}) as client:
            assert (await client.get("/api/v2/posts")).status_code == 200
    for uid in (old.uid, new.uid):
        (row,) = (await shown(test_app, ada.headers, api_key_id=encode("key", uid)))["data"]
        assert (row["api_key_id"], row["requests"]) == (encode("key", new.uid), 2)
    eve = await test_app.person("eve@example.com")
    assert (await shown(test_app, eve.headers, api_key_id=encode("key", old.uid)))["data"] == []


async def test_days_are_filtered_and_paged(test_app: TestApp, ada: Person) -> None:
    buffer, noon = test_app.runtime.get(UsageComponent).buffer, datetime(2026, 3, 10, 12, tzinfo=UTC)
    for day in range(5):
        for operation in ("posts.list", "posts.get"):
            when = noon + timedelta(days=day)
            buffer.record_request("v2", operation, str(ada.user.uid), when, status=200, seconds=0.02, deprecated=False)
    found = await shown(test_app, ada.headers, since="2026-03-11", until="2026-03-13")
    assert [(row["day"], row["requests"]) for row in found["data"]] == [
        ("2026-03-13", 2),
        ("2026-03-12", 2),
        ("2026-03-11", 2),
    ]
    days, cursor = [], None
    while cursor is not None or not days:
        page = await shown(test_app, ada.headers, limit=2, until="2026-03-31", **({"cursor": cursor} if cursor else {}))
        days += [row["day"] for row in page["data"]]
        cursor = page["next_cursor"]
    assert days == [f"2026-03-{day}" for day in (14, 13, 12, 11, 10)]


@pytest.mark.parametrize(
    "query", [{"since": "yesterday"}, {"until": "2026-02-30"}, {"api_key_id": "usr_1"}, {"day": "1"}]
)
async def test_invalid_filters_are_rejected(test_app: TestApp, ada: Person, query: dict[str, str]) -> None:
    async with test_app.client(ada.headers) as client:
        response: httpx2.Response = await client.get(URL, params=query)
    assert response.status_code in {400, 422}
