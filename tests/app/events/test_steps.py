"""What one step of a relay or a consumer handles and counts, and that nudges start the next one."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from structlog.testing import capture_logs
from uuid_utils.compat import uuid7

from app.errors import Unavailable
from app.events import consumers, relay, work
from app.events.consumers import ConsumerRunner
from app.events.metrics import EventMetrics
from app.events.nudges import RELAYED_CHANNEL, WRITTEN
from app.events.relay import Relay
from app.events.repository import EventRepository
from app.events.stored import StoredEvent
from app.events.work import events_handled
from app.kit.db.database import Database
from app.kit.db.listener import Listener, ListenerSettings
from app.kit.db.sessions import WriteSession
from observability.metrics.metrics import Metrics
from tests.support.app import TestApp
from tests.support.transactions import database_of, dsn_of
from tests.support.waiting import PATIENCE, eventually

INSERT = (
    "INSERT INTO events (uid, type, subject_uid, audience, payload, occurred_at)"
    " VALUES ($1, 'a.happened', $1, 'public', '{}', now())"
)
INSERT_WITH_ID = (
    "INSERT INTO events (id, uid, type, subject_uid, audience, payload, occurred_at)"
    " OVERRIDING SYSTEM VALUE"
    " VALUES ($1::bigint, $2, 'a.happened', $2, 'public', '{}', now() - $1::bigint * interval '1 hour')"
)
NEVER = 3600.0


class Collector:
    """A consumer that remembers what it handled."""

    name = "test.collector"

    def __init__(self) -> None:
        self.handled: list[int] = []

    async def handle(self, _session: WriteSession, events: Sequence[StoredEvent]) -> None:
        self.handled += [event.position for event in events]


@pytest.fixture
async def database(concurrent_app: TestApp) -> Database:
    database = database_of(concurrent_app)
    async with database.write() as session:
        await (await session.driver()).execute("DELETE FROM events; DELETE FROM event_consumers")
    return database


async def add(database: Database, number: int) -> None:
    async with database.write() as session:
        driver = await session.driver()
        for _ in range(number):
            await driver.execute(INSERT, uuid7())
        session.nudge(WRITTEN)


async def test_a_full_batch_is_followed_by_another_and_each_event_is_counted(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "_BATCH", 2)
    monkeypatch.setattr(consumers, "_BATCH", 2)
    metrics, collector = Metrics(), Collector()
    group = metrics.group(EventMetrics)
    giver, runner = Relay(database, group), ConsumerRunner(database, collector, group)
    assert await runner.step() is False
    await add(database, 5)
    for step in (giver.step, runner.step):
        assert [await step() for _ in range(4)] == [True, True, False, False]
    assert len(collector.handled) == 5
    assert collector.handled == sorted(collector.handled)
    value = metrics.registry.get_sample_value
    assert value("events_relayed_total") == 5
    assert value("events_handled_total", {"consumer": collector.name}) == 5


async def test_positions_have_the_order_of_ids(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not that of the rows or of clocks: ids have the order in which transactions locked the subject."""
    monkeypatch.setattr(relay, "_BATCH", 2)
    async with database.write() as session:
        driver = await session.driver()
        await driver.executemany(INSERT_WITH_ID, [(number, uuid7()) for number in (30, 10, 40, 20)])
    giver = Relay(database, Metrics().group(EventMetrics))
    while await giver.step():
        pass
    async with database.write() as session:
        rows = await (await session.driver()).fetch("SELECT id FROM events ORDER BY position")
    assert [row["id"] for row in rows] == [10, 20, 30, 40]


async def test_a_relay_tells_the_position_up_to_which_events_can_be_read(
    concurrent_app: TestApp, database: Database
) -> None:
    """Caches compare it with what they have handled."""
    listener, received = Listener(ListenerSettings(dsn_of(concurrent_app), 5, "test listener")), []
    listener.subscribe(RELAYED_CHANNEL, received.append)
    giver = Relay(database, Metrics().group(EventMetrics))
    async with listener.running():

        async def told_the_newest() -> bool:
            await add(database, 3)
            await giver.step()
            async with database.write() as session:
                newest = await (await session.driver()).fetchval("SELECT max(position) FROM events")
            return str(newest) in received

        await eventually(told_the_newest)


async def test_an_event_reaches_the_consumers_by_nudges(
    concurrent_app: TestApp, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert work._POLL_SECONDS <= 1, "what a lost nudge costs"
    monkeypatch.setattr(work, "_POLL_SECONDS", NEVER)
    collector = Collector()
    listener = Listener(ListenerSettings(dsn_of(concurrent_app), 5, "test listener"))
    async with events_handled(database, listener, [collector], Metrics().group(EventMetrics)), listener.running():

        async def ready() -> bool:
            async with database.write() as session:
                return bool(await (await session.driver()).fetchval("SELECT count(*) FROM event_consumers"))

        await eventually(ready)
        for number in range(1, 4):
            await add(database, 1)

            async def handled(expected: int = number) -> bool:
                return len(collector.handled) == expected

            await eventually(handled)


@pytest.mark.parametrize(("part", "event"), [(Relay, "events_not_relayed"), (ConsumerRunner, "events_not_handled")])
async def test_a_failed_step_is_logged_and_loses_no_event(
    concurrent_app: TestApp,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    part: type[Relay | ConsumerRunner],
    event: str,
) -> None:
    monkeypatch.setattr(work, "_POLL_SECONDS", 0.01)
    step, failures = part.step, [Unavailable()]

    async def fail_once(self: Any) -> bool:
        if failures:
            raise failures.pop()
        return bool(await step(self))

    collector = Collector()
    await ConsumerRunner(database, collector, Metrics().group(EventMetrics)).step()
    monkeypatch.setattr(part, "step", fail_once)
    await add(database, 1)
    listener = Listener(ListenerSettings(dsn_of(concurrent_app), 5, "test listener"))

    async def handled() -> bool:
        return len(collector.handled) == 1

    with capture_logs() as lines:
        async with events_handled(database, listener, [collector], Metrics().group(EventMetrics)):
            await eventually(handled)
    assert lines == [{"event": event, "log_level": "warning", "error": Unavailable.code}]


async def test_a_consumer_starts_behind_the_newest_event_and_its_second_worker_waits_for_nothing(
    database: Database,
) -> None:
    collector, instruments = Collector(), Metrics().group(EventMetrics)
    giver, runner, other = (
        Relay(database, instruments),
        *(ConsumerRunner(database, collector, instruments) for _ in range(2)),
    )
    await add(database, 3)
    await giver.step()
    await runner.step()
    await add(database, 1)
    await giver.step()
    assert collector.handled == []
    async with database.write() as session:
        assert await EventRepository(session).lock_cursor(collector.name) is not None
        assert await asyncio.wait_for(other.step(), PATIENCE) is False
    assert collector.handled == [], "the other worker has locked the cursor"
    await runner.step()
    await other.step()
    assert len(collector.handled) == 1
