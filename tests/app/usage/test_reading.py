"""Which usage a user sees, for which days, and who may see it; and what is added, kept and deleted."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from app.access.commands import KeyDraft
from app.access.principal import Principal
from app.access.service import ApiKeyService
from app.errors import InsufficientPermissions, Unauthenticated
from app.kit.db.sessions import Row
from app.models import ApiKey, UsageDay
from app.models.usage import BUCKETS
from app.usage.commands import UsageFilter
from app.usage.policy import UsagePermission
from app.usage.queries import UsageQueries
from app.usage.reader import UsageReader
from app.usage.repository import UsageDelta, UsageRepository
from app.usage.service import UsageService
from tests.support.app import Person, TestApp
from tests.support.transactions import ensure_locked_first

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def delta(consumer: object, day: int = 0, **values: Any) -> UsageDelta:
    at = NOON + day * DAY
    given = {
        "api_version": "v901",
        "operation": "posts.list",
        "feature": "",
        "requests": 1,
        "errors": 0,
        "rejections": 0,
        "deprecated_calls": 0,
        "latencies": [1, *[0] * (BUCKETS - 1)],
        "first_seen": at,
        "last_seen": at,
        **values,
    }
    return UsageDelta(consumer=str(consumer), day=at.date(), **given)


async def store(test_app: TestApp, *deltas: UsageDelta) -> UsageQueries:
    async with test_app.runtime.database.write() as session:
        await UsageRepository(session).add(deltas)
    return UsageQueries(test_app.runtime.database.reads)


async def key_of(test_app: TestApp, person: Person) -> ApiKey:
    async with test_app.runtime.database.write() as session:
        key, _ = await ApiKeyService(session).create(KeyDraft(person.user.id, "ci", []))
    return key


async def found(queries: UsageQueries, person: Person, wanted: UsageFilter | None = None) -> Sequence[Row]:
    return (await queries.page(person.user.id, wanted or UsageFilter(), None, 50)).items


async def test_a_user_sees_the_days_of_both_bounds(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    queries = await store(test_app, *(delta(ada.user.uid, day) for day in range(4)))
    first, second = (NOON + DAY).date(), (NOON + 2 * DAY).date()
    for wanted, days in (
        (UsageFilter(), [13, 12, 11, 10]),
        (UsageFilter(since=first), [13, 12, 11]),
        (UsageFilter(until=second), [12, 11, 10]),
        (UsageFilter(since=first, until=second), [12, 11]),
    ):
        assert [row["day"].day for row in await found(queries, ada, wanted)] == days
    page = await queries.page(ada.user.id, UsageFilter(), None, 3)
    rest = await queries.page(ada.user.id, UsageFilter(), page.next_position, 3)
    assert [row["day"].day for row in (*page.items, *rest.items)] == [13, 12, 11, 10]
    assert not rest.has_more


async def test_a_day_is_the_sum_of_operations_and_versions_without_features(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    slow = [0] * (BUCKETS - 1) + [2]
    queries = await store(
        test_app,
        delta(ada.user.uid, requests=5, errors=1, rejections=2, deprecated_calls=3),
        delta(ada.user.uid, operation="posts.get", requests=2, errors=1, latencies=slow),
        delta(ada.user.uid, api_version="v902", requests=1),
        delta(ada.user.uid, feature="a deprecated parameter", requests=4),
    )
    (row,) = await found(queries, ada)
    numbers = [row[name] for name in ("requests", "errors", "rejections", "deprecated_calls")]
    assert (numbers, row["key_uid"]) == ([8, 2, 2, 3], None)
    assert [int(count) for count in row["latencies"]] == [2, *[0] * (BUCKETS - 2), 2]


async def test_all_requests_of_a_day_that_an_earlier_release_recorded_were_deprecated_calls(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    async with test_app.runtime.database.write() as session:
        session.add(
            UsageDay(
                api_version="v901",
                consumer=str(ada.user.uid),
                operation="posts.list",
                feature="",
                day=NOON.date(),
                requests=7,
                deprecated_calls=None,
                first_seen=NOON,
                last_seen=NOON,
            )
        )
    (row,) = await found(UsageQueries(test_app.runtime.database.reads), ada)
    assert row["deprecated_calls"] == 7


async def test_a_key_is_seen_by_its_owner_only(test_app: TestApp) -> None:
    ada, eve = [await test_app.person(f"{name}@example.com") for name in ("ada", "eve")]
    keys = {person.user.id: await key_of(test_app, person) for person in (ada, eve)}
    consumers = (*(key.uid for key in keys.values()), ada.user.uid, eve.user.uid, "anonymous")
    queries = await store(test_app, *(delta(consumer) for consumer in consumers))
    for person, other in ((ada, eve), (eve, ada)):
        own = keys[person.user.id].uid
        assert {row["consumer"] for row in await found(queries, person)} == {str(own), str(person.user.uid)}
        assert [row["key_uid"] for row in await found(queries, person, UsageFilter(key_uid=own))] == [own]
        assert await found(queries, person, UsageFilter(key_uid=keys[other.user.id].uid)) == []


async def test_the_usage_of_a_key_is_not_that_of_another_key_of_its_owner(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    one, other = [await key_of(test_app, ada) for _ in range(2)]
    queries = await store(test_app, delta(one.uid, requests=3), delta(other.uid, requests=4), delta(ada.user.uid))
    for key, requests in ((one, 3), (other, 4)):
        rows = await found(queries, ada, UsageFilter(key_uid=key.uid))
        assert [(row["key_uid"], row["requests"]) for row in rows] == [(key.uid, requests)]
    assert len(await found(queries, ada)) == 3


async def test_the_usage_of_a_rotated_key_is_shown_with_its_successor(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    old = await key_of(test_app, ada)
    async with test_app.runtime.database.write() as session:
        _, new, _ = await ApiKeyService(session).rotate(old.uid, DAY)
    queries = await store(test_app, delta(old.uid))
    for uid in (old.uid, new.uid):
        assert [row["key_uid"] for row in await found(queries, ada, UsageFilter(key_uid=uid))] == [new.uid]


async def test_reading_needs_the_permission(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    await store(test_app, delta(ada.user.uid))

    async def read(principal: Principal) -> int:
        page = await UsageReader(test_app.runtime.database.reads, principal).page(UsageFilter(), None, 5)
        return len(page.items)

    allowed = frozenset({UsagePermission.READ})
    with pytest.raises(Unauthenticated):
        await read(Principal(None, None, (), allowed))
    with pytest.raises(InsufficientPermissions):
        await read(Principal(ada.user.id, ada.user.uid, (), frozenset()))
    assert await read(Principal(ada.user.id, ada.user.uid, (), allowed)) == 1


async def test_first_and_last_use_are_those_of_all_processes(test_app: TestApp) -> None:
    hour = timedelta(hours=1)
    for first, last in ((NOON, NOON), (NOON - hour, NOON - hour), (NOON + hour, NOON + hour), (NOON, NOON)):
        await store(test_app, delta("c", first_seen=first, last_seen=last))
    async with test_app.runtime.database.write() as session:
        row = await session.get(UsageDay, ("v901", "c", "posts.list", "", NOON.date()))
        assert row is not None
        assert (row.first_seen, row.last_seen, row.requests) == (NOON - hour, NOON + hour, 4)


async def test_usage_is_kept_for_400_days(test_app: TestApp) -> None:
    await store(test_app, *(delta("c", day) for day in (-401, -400, -399)))
    async with test_app.runtime.database.write() as session:
        assert await UsageService(session).purge(NOON) == 1
        assert await session.get(UsageDay, ("v901", "c", "posts.list", "", date(2025, 2, 3))) is not None


async def test_two_processes_add_in_one_order(concurrent_app: TestApp) -> None:
    await store(concurrent_app, delta("b"), delta("a"))

    async def add(session: Any) -> None:
        await UsageRepository(session).add([delta("b"), delta("a")])

    await ensure_locked_first(concurrent_app, "usage_days", "consumer = 'a'", "consumer = 'b'", add)
