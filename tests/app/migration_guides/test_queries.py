"""What counts as the use of a version, and by whom."""

from datetime import date, timedelta
from uuid import UUID

from app.access.commands import KeyDraft
from app.access.service import ApiKeyService
from app.kit.clock import utc_now
from app.migration_guides.queries import MOST_ROWS, PersonalGuideQueries
from app.migration_guides.views import ElementUsage
from app.models import UsageDay, UsageElements
from app.models.usage import ANONYMOUS
from tests.support.app import Person, TestApp

OLD = "v901"
DAY = timedelta(days=1)


async def store(
    test_app: TestApp,
    consumer: UUID | str,
    operation: str,
    requests: int,
    rejections: int = 0,
    days_ago: int = 0,
    feature: str = "",
) -> None:
    at = utc_now() - days_ago * DAY
    async with test_app.runtime.database.write() as session:
        session.add(
            UsageDay(
                api_version=OLD,
                consumer=str(consumer),
                operation=operation,
                feature=feature,
                day=at.date(),
                requests=requests,
                rejections=rejections,
                first_seen=at,
                last_seen=at,
            )
        )


async def test_requests_of_all_keys_and_sessions_count_unless_they_were_rejected(test_app: TestApp) -> None:
    ada, ben = [await test_app.person(f"{name}@example.com") for name in ("ada", "ben")]
    async with test_app.runtime.database.write() as session:
        first, _ = await ApiKeyService(session).create(KeyDraft(ada.user.id, "rotated", []))
    async with test_app.runtime.database.write() as session:
        await ApiKeyService(session).rotate(first.uid, DAY)
    for consumer, operation, requests, rejections, days_ago in (
        (ada.key_uid, "posts.list", 7, 2, 0),
        (first.uid, "posts.list", 3, 0, 1),
        (ada.user.uid, "posts.get", 1, 0, 0),
        (ada.key_uid, "posts.delete", 4, 4, 0),
        (ada.key_uid, "posts.create", 9, 0, 40),
        (ben.key_uid, "posts.list", 5, 5, 0),
        (ANONYMOUS, "posts.list", 6, 1, 0),
    ):
        await store(test_app, consumer, operation, requests, rejections, days_ago)
    await store(test_app, ada.key_uid, "posts.list", 7, feature="filter")
    queries = PersonalGuideQueries(test_app.runtime.database.reads)
    until = utc_now().date()
    since = until - 30 * DAY
    usage = await queries.usage(ada.user.id, OLD, since, until)
    assert {name: (one.requests, set(one.consumers)) for name, one in usage.operations.items()} == {
        "posts.list": (8, {str(ada.key_uid), str(first.uid)}),
        "posts.get": (1, {str(ada.user.uid)}),
    }
    assert {(one.observed, len(one.elements)) for one in usage.operations.values()} == {(0, 0)}, "nothing was observed"
    assert usage.keys[str(first.uid)].startswith('"rotated" (sk_live_'), "rotation keeps the consumer"
    found = await queries.recipients(OLD, date(2027, 12, 31), since, until)
    assert [(one.email, one.requests) for one in found] == [("ada@example.com", 9)]
    assert await queries.anonymous_requests(OLD, since, until) == 5


async def observe(test_app: TestApp, person: Person, days_ago: int, observed: int, **elements: dict[str, int]) -> None:
    async with test_app.runtime.database.write() as session:
        session.add(
            UsageElements(
                day=(utc_now() - days_ago * DAY).date(),
                api_version=OLD,
                consumer=str(person.key_uid),
                operation="posts.list",
                key_id="one",
                observed=observed,
                random=observed,
                elements={name.replace("__", ":"): counts for name, counts in elements.items()},
            )
        )


async def test_evidence_of_several_days_is_added(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    await store(test_app, ada.key_uid, "posts.list", 9)
    await observe(test_app, ada, 0, 3, query__page={"present": 1, "possible": 3})
    await observe(test_app, ada, 1, 4, query__page={"present": 2, "possible": 4}, body={"present": 4, "unknown": 1})
    await observe(test_app, ada, 2, 1, header={"present": 1, "possible": 1, "unknown_dropped": 1})
    await observe(test_app, ada, 40, 5, cookie={"present": 5, "possible": 5})
    until = utc_now().date()
    queries = PersonalGuideQueries(test_app.runtime.database.reads)
    (found,) = (await queries.usage(ada.user.id, OLD, until - 30 * DAY, until)).operations.values()
    assert found.observed == 8
    assert found.elements == {
        "query:page": ElementUsage(3, 7, undeclared=False),
        "body": ElementUsage(4, 0, undeclared=True),
        "header": ElementUsage(1, 1, undeclared=True),
    }


async def test_of_too_much_evidence_the_newest_is_read(test_app: TestApp) -> None:
    assert MOST_ROWS == 3000
    ada = await test_app.person("ada@example.com")
    await store(test_app, ada.key_uid, "posts.list", 1)
    async with test_app.runtime.database.write() as session:
        driver = await session.driver()
        await driver.execute(
            "INSERT INTO usage_elements (day, api_version, consumer, operation, key_id, observed, random, elements)"
            " SELECT $1::date - (n > 3000)::int, $2, $3, 'posts.list', n::text, 1 + 9 * (n > 3000)::int, 1, '{}'"
            " FROM generate_series(1, 3010) AS n",
            utc_now().date(),
            OLD,
            str(ada.key_uid),
        )
    until = utc_now().date()
    usage = await PersonalGuideQueries(test_app.runtime.database.reads).usage(ada.user.id, OLD, until - DAY, until)
    assert usage.operations["posts.list"].observed == MOST_ROWS


async def test_of_too_many_operations_those_with_most_requests_are_read(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    async with test_app.runtime.database.write() as session:
        driver = await session.driver()
        await driver.execute(
            "INSERT INTO usage_days (day, api_version, consumer, operation, feature, requests, rejections, first_seen,"
            " last_seen) SELECT $1, $2, $3, n::text, '', n, 0, now(), now() FROM generate_series(1, $4) AS n",
            utc_now().date(),
            OLD,
            str(ada.key_uid),
            MOST_ROWS + 1,
        )
    today = utc_now().date()
    usage = await PersonalGuideQueries(test_app.runtime.database.reads).usage(ada.user.id, OLD, today, today)
    assert (len(usage.operations), min(one.requests for one in usage.operations.values())) == (MOST_ROWS, 2)


async def test_a_key_is_named_as_its_owner_sees_it(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    async with test_app.runtime.database.write() as session:
        key, _ = await ApiKeyService(session).create(KeyDraft(ada.user.id, " two\nlines\u202e  of\ttext ", []))
    today = utc_now().date()
    usage = await PersonalGuideQueries(test_app.runtime.database.reads).usage(ada.user.id, OLD, today, today)
    assert usage.keys[str(key.uid)] == f'"two lines of text" ({key.hint}...)'
