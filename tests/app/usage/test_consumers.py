"""The numbers of consumers of each version: counted once in the database, and exposed by every process."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import text

from app.access.principal import Role
from app.access.service import ApiKeyService
from app.http.usage import VersionConsumersComponent
from app.kit.clock import utc_now
from app.models import WebhookEndpoint
from app.models.usage import ANONYMOUS, BUCKETS
from app.plans.names import DEFAULT
from app.usage.metrics import MOST_PLANS, OTHER, ConsumerMetrics
from app.usage.repository import UsageDelta, UsageRepository
from app.usage.service import ACTIVE_DAYS, CONSUMER_DAYS, UsageService
from app.usage.views import PlanConsumers
from observability.metrics.metrics import Metrics
from tests.support.app import Person, TestApp
from tests.support.wire import WIRE
from versions.registry import VERSIONS

OLD = VERSIONS[0].name
TODAY = utc_now().date()
DAY = timedelta(days=1)


def used(
    consumer: object,
    day: date = TODAY,
    *,
    version: str = OLD,
    feature: str = "",
    errors: int = 0,
    rejections: int = 0,
) -> UsageDelta:
    now = utc_now()
    counts = 2, errors, rejections, 0, [0] * BUCKETS
    return UsageDelta(version, str(consumer), "posts.list", feature, day, *counts, now, now)


def endpoint(person: Person, version: str, **values: Any) -> WebhookEndpoint:
    owner = {"owner_id": person.user.id, "owner_uid": person.user.uid}
    return WebhookEndpoint(**owner, url="https://example.com/", events=["post.created"], api_version=version, **values)


def shown(metrics: Metrics, name: str = "api_version_consumers") -> dict[tuple[str, str], float]:
    samples = [sample for family in metrics.registry.collect() for sample in family.samples if sample.name == name]
    return {(one.labels["api_version"], one.labels["plan"]): one.value for one in samples}


async def count(test_app: TestApp) -> tuple[dict[tuple[str, str], float], ...]:
    """Count, and return what a process exposes: the consumers, and those that would break."""
    async with test_app.runtime.database.write() as session:
        await UsageService(session).count_consumers()
    await test_app.runtime.get(VersionConsumersComponent).refresh()
    names = "api_version_consumers", "api_version_expected_breakages"
    return tuple(shown(test_app.runtime.metrics, name) for name in names)


async def above_zero(test_app: TestApp) -> tuple[dict[tuple[str, str], float], ...]:
    """As ``count``, without the series that are 0."""
    return tuple({key: number for key, number in found.items() if number} for found in await count(test_app))


async def test_consumers_are_counted_by_version_and_plan(test_app: TestApp) -> None:
    ada, bob, eve, revoked, silent = [
        await test_app.person(f"{name}@example.com", Role.AUTHOR) for name in ("ada", "bob", "eve", "rev", "silent")
    ]
    database = test_app.runtime.database
    assert shown(test_app.runtime.metrics)[OLD, DEFAULT] == 0, "a series exists before the first count"
    async with database.write() as session:
        await session.execute(text("UPDATE api_keys SET plan = 'pro' WHERE uid = :uid"), {"uid": bob.key_uid})
        await session.execute(text("UPDATE api_keys SET revoked_at = now() WHERE uid = :uid"), {"uid": revoked.key_uid})
        await UsageRepository(session).add(
            [
                used(ada.key_uid),
                used(ada.key_uid, TODAY - 2 * DAY),
                used(ada.user.uid, TODAY - ACTIVE_DAYS),
                used(bob.key_uid, TODAY - ACTIVE_DAYS - DAY),
                used(eve.key_uid, TODAY - CONSUMER_DAYS - DAY),
                used(silent.key_uid, errors=2),
                used(revoked.key_uid),
                used(uuid4()),
                used(ANONYMOUS),
                used(ada.key_uid, version=WIRE),
            ]
        )
        session.add(endpoint(eve, WIRE))
    consumers, breaking = await count(test_app)
    assert consumers == {
        (OLD, DEFAULT): 2,
        (OLD, "pro"): 1,
        (OLD, ANONYMOUS): 1,
        (WIRE, DEFAULT): 2,
    }
    assert breaking == consumers | {(OLD, "pro"): 0}, "who has been quiet for a week may have moved"
    async with database.write() as session:
        await session.execute(text("DELETE FROM usage_days WHERE consumer = 'anonymous'"))
    assert (await count(test_app))[0] == consumers | {(OLD, ANONYMOUS): 0}


async def test_who_got_no_answer_of_a_version_does_not_use_it(test_app: TestApp) -> None:
    """Requests that failed or were rejected together, deprecated features, webhooks that are off, and ended keys."""
    ada, bob, eve = [await test_app.person(f"{name}@example.com", Role.AUTHOR) for name in ("ada", "bob", "eve")]
    async with test_app.runtime.database.write() as session:
        await session.execute(
            text("UPDATE api_keys SET expires_at = now() - interval '1 second' WHERE uid = :uid"), {"uid": eve.key_uid}
        )
        await session.execute(
            text("UPDATE api_keys SET expires_at = now() + interval '1 day' WHERE uid = :uid"), {"uid": bob.key_uid}
        )
        await UsageRepository(session).add(
            [
                used(ada.key_uid, errors=1, rejections=1),
                used(ada.key_uid, TODAY - DAY, feature="query:sort"),
                used(eve.key_uid),
                used(bob.key_uid),
            ]
        )
        session.add(endpoint(ada, OLD, state="disabled", disabled_reason="gone"))
    consumers, breaking = await above_zero(test_app)
    assert consumers == breaking == {(OLD, DEFAULT): 1}, "bob alone, whose key ends tomorrow"


async def test_one_recent_use_or_one_webhook_makes_a_consumer_active(test_app: TestApp) -> None:
    ada, bob, eve = [await test_app.person(f"{name}@example.com", Role.AUTHOR) for name in ("ada", "bob", "eve")]
    quiet = TODAY - CONSUMER_DAYS
    async with test_app.runtime.database.write() as session:
        await UsageRepository(session).add(
            [
                used(ada.key_uid, quiet),
                used(ada.key_uid),
                used(bob.user.uid, quiet),
                used(eve.key_uid, quiet),
            ]
        )
        session.add(endpoint(bob, OLD))
    consumers, breaking = await above_zero(test_app)
    assert consumers == {(OLD, DEFAULT): 3}
    assert breaking == {(OLD, DEFAULT): 2}, "eve has been quiet for longer than a week"


async def test_a_chain_of_rotated_keys_is_one_consumer_on_the_plan_of_its_newest_key(test_app: TestApp) -> None:
    ada, bob = [await test_app.person(f"{name}@example.com", Role.AUTHOR) for name in ("ada", "bob")]
    async with test_app.runtime.database.write() as session:
        for person, overlap in ((ada, DAY), (bob, timedelta(0))):
            _, newer, _ = await ApiKeyService(session).rotate(person.key_uid, overlap)
            await session.flush()
            await session.execute(text("UPDATE api_keys SET plan = 'pro' WHERE uid = :uid"), {"uid": newer.uid})
        await UsageRepository(session).add([used(person.key_uid) for person in (ada, bob)])
    consumers, _ = await above_zero(test_app)
    assert consumers == {(OLD, "pro"): 2}, "whether its first key still works or not"


def test_further_plans_are_one_series() -> None:
    metrics = Metrics()
    group = metrics.group(ConsumerMetrics)
    rows = [PlanConsumers("v901", f"plan {number:02}", 100 - number, 1, utc_now()) for number in range(MOST_PLANS + 5)]
    for _ in range(2):
        group.set([*reversed(rows), replace(rows[0], api_version="v902")])
        found = shown(metrics)
        assert len(found) == MOST_PLANS + 2
        assert found["v901", OTHER] == sum(row.consumers for row in rows[MOST_PLANS:])
        assert found["v901", "plan 00"] == found["v902", "plan 00"] == 100
