"""Evidence of real requests in the database: written once, bounded, and gone with its consumer."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast
from uuid import UUID

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from app.access.principal import Role, SignedIn
from app.access.user_deletion import before_deletion
from app.errors import Unavailable
from app.events.recorder import EventRecorder
from app.http.runtime import Runtime
from app.http.usage_evidence import EvidenceComponent
from app.kit.clock import utc_now
from app.kit.db.database import UnitOfWork
from app.main import create_app
from app.settings.lifecycle import LifecycleSettings
from app.settings.usage import UsageSettings
from app.usage.evidence import EvidenceBuffer
from app.usage.service import RETENTION, UsageService
from observability.evidence.request import Observation, SampledRequest
from observability.evidence.summaries import MAX_UNKNOWN_NAMES, merge_summaries
from tests.support.app import TestApp
from tests.support.lost_replies import LosesTheReply, Unreachable
from tests.support.transactions import rows
from tests.support.waiting import PATIENCE, eventually

POSTS = "/api/v2/posts"
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


async def summarised(test_app: TestApp) -> EvidenceComponent:
    """The component after its thread has summarised all requests."""
    component = test_app.runtime.get(EvidenceComponent)
    component.collector.start()
    await asyncio.to_thread(component.collector.close, PATIENCE)
    return component


async def stored(test_app: TestApp) -> dict[tuple[str, str], dict[str, Any]]:
    """The rows by operation and consumer."""
    found = await rows(test_app, "SELECT * FROM usage_elements")
    return {(row["operation"], row["consumer"]): dict(row) for row in found}


async def test_requests_become_evidence_of_their_consumer(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com", Role.AUTHOR)
    async with test_app.client(ada.headers) as client:
        for title in ("T" * 140, "short"):
            assert (await client.post(POSTS, json={"title": title, "content": "c"})).status_code == 201
        assert (await client.post(POSTS, json={"title": ""})).status_code == 422
        assert (await client.head(POSTS, params={"limit": 7})).status_code == 200
    async with test_app.client() as client:
        assert (await client.get(POSTS)).status_code == 200
        assert (await client.get(f"{POSTS}/nothing/at/all")).status_code == 404
    component = await summarised(test_app)
    assert component.buffer.lag(utc_now()) > 0
    await component.flush()
    assert component.buffer.lag(utc_now()) == 0
    found = await stored(test_app)
    assert set(found) == {
        ("posts.create", str(ada.key_uid)),
        ("posts.list", str(ada.key_uid)),
        ("posts.list", "anonymous"),
    }
    row = found["posts.create", str(ada.key_uid)]
    assert (row["observed"], row["day"]) == (2, utc_now().date())
    assert row["elements"]["body:/title"]["length"] == [5, 140]
    assert row["elements"]["body:/status"]["possible"] == 2
    assert row["elements"]["status:422"]["present"] == 1
    assert row["elements"]["scope:posts:write"]["present"] == 2
    assert row["elements"]["security:apiKey"]["present"] == 2


def observation(
    consumer: str = "ada", *, operation: str = "posts.list", names: int = 0, at: datetime = NOON
) -> Observation:
    random = True
    request = SampledRequest("v901", operation, consumer, "", "GET", "", b"", (), None, 200, (), random, at)
    unknown = {f"{number:016x}": 1 for number in range(names)}
    return Observation(
        request, accepted=True, summaries={"query": {"present": 1, "length": [3, 9], "unknown": unknown}}
    )


def buffer_of(dropped: list[tuple[str, int]] | None = None, **options: int) -> EvidenceBuffer:
    noted = dropped if dropped is not None else []
    bounds = {"rows_per_day": 1000} | options
    return EvidenceBuffer("k1", dropped=lambda *drop: noted.append(drop), **bounds)


@pytest.mark.parametrize("committed", [True, False])
async def test_a_flush_of_unknown_outcome_counts_once(test_app: TestApp, *, committed: bool) -> None:
    database = test_app.runtime.database
    buffer = buffer_of()
    buffer.add(observation())
    with pytest.raises(Unavailable):
        await buffer.flush(cast("UnitOfWork", LosesTheReply(database) if committed else Unreachable()))
    assert buffer.lag(NOON + timedelta(seconds=9)) == 9, "what a flush may not have written waits"
    buffer.add(observation())
    for _ in range(2):
        await buffer.flush(database)
    buffer.add(observation())
    await buffer_of().flush(database)
    await buffer.flush(database)
    (row,) = (await stored(test_app)).values()
    assert (row["observed"], row["random"], row["elements"]["query"]["present"]) == (3, 3, 3)


async def test_rows_of_a_day_and_of_a_process_are_bounded(test_app: TestApp) -> None:
    dropped: list[tuple[str, int]] = []
    first, second = buffer_of(dropped, rows_per_day=2, limit=3), buffer_of(dropped, rows_per_day=2)
    for consumer in ("a", "b", "c", "d", "a"):
        first.add(observation(consumer))
    assert dropped == [("no_room", 1)]
    await first.flush(test_app.runtime.database)
    assert dropped == [("no_room", 1), ("no_room", 1)]
    for consumer in ("a", "e", "e"):
        second.add(observation(consumer))
    second.add(observation("e", at=NOON + timedelta(days=1)))
    await second.flush(test_app.runtime.database)
    assert dropped[2:] == [("no_room", 2)]
    found = await rows(test_app, "SELECT consumer, day, observed FROM usage_elements ORDER BY day, consumer")
    assert [tuple(row.values()) if isinstance(row, dict) else tuple(row) for row in found] == [
        ("a", NOON.date(), 3),
        ("b", NOON.date(), 1),
        ("e", date(2026, 3, 11), 1),
    ]


async def test_a_backlog_is_written_in_parts(test_app: TestApp) -> None:
    buffer = buffer_of()
    for _ in range(2):
        for number in range(300):
            buffer.add(observation(str(number), names=MAX_UNKNOWN_NAMES))
        await buffer.flush(test_app.runtime.database)
    (found,) = await rows(test_app, "SELECT count(*), sum(observed) AS observed FROM usage_elements")
    assert (found["count"], found["observed"]) == (300, 600)
    (parts,) = await rows(test_app, "SELECT sequence FROM usage_flushes")
    assert parts["sequence"] == 4, "a statement writes some of the rows, or it would exceed its timeout"


COUNTS = st.dictionaries(st.sampled_from("abc"), st.integers(1, 9), min_size=1)
SUMMARY = st.fixed_dictionaries(
    {},
    optional={
        "present": st.integers(1, 9),
        "types": COUNTS,
        "values": COUNTS,
        "number": st.tuples(st.integers(-9, 0), st.integers(1, 9) | st.just(2.5)).map(list),
        "unknown": st.dictionaries(st.integers(0, 90).map("{:016x}".format), st.integers(1, 3), min_size=1),
        "unknown_dropped": st.integers(1, 9),
    },
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(pairs=st.lists(st.tuples(*[st.dictionaries(st.sampled_from(["query", "body"]), SUMMARY)] * 2), max_size=4))
async def test_the_database_merges_as_the_process_does(test_app: TestApp, pairs: list[Any]) -> None:
    for one, other in pairs:
        expected: dict[str, Any] = {}
        merge_summaries(expected, one)
        merge_summaries(expected, other)
        (row,) = await rows(
            test_app,
            "SELECT usage_merge(CAST($1::text AS jsonb), CAST($2::text AS jsonb)) AS merged",
            orjson.dumps(one).decode(),
            orjson.dumps(other).decode(),
        )
        assert row["merged"] == expected
        assert all(len(summary.get("unknown", {})) <= MAX_UNKNOWN_NAMES for summary in row["merged"].values())


async def test_evidence_ends_with_its_user_and_after_400_days(test_app: TestApp) -> None:
    ada, bob = [await test_app.person(f"{name}@example.com", Role.READER) for name in ("ada", "bob")]
    now = utc_now()
    buffer = buffer_of()
    for consumer in (str(ada.key_uid), str(ada.user.uid), str(bob.key_uid), "anonymous", str(UUID(int=7))):
        for at in (now, now - RETENTION - timedelta(days=1)):
            buffer.add(observation(consumer, at=at))
    await buffer.flush(test_app.runtime.database)
    async with test_app.runtime.database.write() as session:
        await UsageService(session).watch(str(ada.key_uid), timedelta(hours=1))
        await UsageService(session).watch(str(bob.key_uid), timedelta(hours=1))
        await before_deletion(session, EventRecorder(session))(SignedIn(ada.user.id, ada.user.uid))
    assert {consumer for _, consumer in await stored(test_app)} == {str(bob.key_uid), "anonymous", str(UUID(int=7))}
    assert [row["consumer"] for row in await rows(test_app, "SELECT consumer FROM usage_watches")] == [str(bob.key_uid)]
    async with test_app.runtime.database.write() as session:
        await UsageService(session).purge(now + timedelta(hours=2))
    found = await rows(test_app, "SELECT consumer, day FROM usage_elements")
    assert {(row["consumer"], row["day"]) for row in found} == {
        (str(bob.key_uid), now.date()),
        ("anonymous", now.date()),
    }
    assert not await rows(test_app, "SELECT consumer FROM usage_watches"), "ended watches too"


async def test_a_watch_reaches_the_sampler(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com", Role.READER)
    async with test_app.runtime.database.write() as session:
        await UsageService(session).watch(str(ada.key_uid), timedelta(hours=1))
        await session.execute(text("INSERT INTO usage_watches VALUES ('ended', now() - interval '1 hour')"))
    component = test_app.runtime.get(EvidenceComponent)
    await component.read_watches()
    async with test_app.client(ada.headers) as client:
        for _ in range(25):
            await client.get(POSTS)
    await (await summarised(test_app)).flush()
    (row,) = (await stored(test_app)).values()
    assert (row["observed"], row["random"]) == (25, 25)


async def test_a_serving_process_reads_watches_and_writes_by_itself(concurrent_app: TestApp) -> None:
    ada = await concurrent_app.person("ada@example.com", Role.READER)
    database = concurrent_app.runtime.database
    often = concurrent_app.runtime.settings.with_groups(
        LifecycleSettings(usage_flush=0.05, refresh=0.05), UsageSettings(sample_ratio=0.0, first_samples=1)
    )
    serving = TestApp(create_app(often), Runtime.build(often, database))
    component = serving.runtime.get(EvidenceComponent)

    async def observe() -> int:
        async with serving.client(ada.headers) as client:
            await client.get(POSTS)
        return sum(row["random"] for row in (await stored(concurrent_app)).values())

    async with component.running():
        async with database.write() as session:
            await UsageService(session).watch(str(ada.key_uid), timedelta(hours=1))
        await eventually(observe)
        async with serving.client(ada.headers) as client:
            await client.get("/api/v2/me")
    assert ("me.get", str(ada.key_uid)) in await stored(concurrent_app), "the last requests are written at the end"


async def test_rejected_requests_do_not_take_the_places_of_accepted_ones(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com", Role.AUTHOR)
    few = test_app.runtime.settings.with_groups(UsageSettings(sample_ratio=0.0, first_samples=2))
    serving = TestApp(create_app(few), Runtime.build(few, test_app.runtime.database))
    async with serving.client(ada.headers) as client:
        for title in ("", "", "", "a", "b", "c"):
            await client.post(POSTS, json={"title": title, "content": "c"})
    await (await summarised(serving)).flush()
    (row,) = (await stored(test_app)).values()
    assert (row["observed"], row["elements"]["status:422"]["present"]) == (2, 2)


async def test_nothing_is_collected_when_it_is_switched_off(test_app: TestApp) -> None:
    off = test_app.runtime.settings.with_groups(UsageSettings(sample_ratio=0.0, first_samples=0))
    serving = TestApp(create_app(off), Runtime.build(off, test_app.runtime.database))
    async with serving.client() as client:
        assert (await client.get(POSTS)).status_code == 200
    await (await summarised(serving)).flush()
    assert await stored(test_app) == {}
