"""Old events are deleted by position; the floor is the lowest position that is kept."""

from datetime import datetime, timedelta

import pytest
from structlog.testing import capture_logs
from uuid_utils.compat import uuid7

from app.events import repository
from app.events.known import consumer_names
from app.events.queries import EventQueries
from app.events.repository import EventRepository
from app.kit.clock import utc_now
from app.kit.db.batches import delete_in_batches
from app.kit.db.database import Database
from app.wiring import all_schedules, event_consumers
from tests.support.app import TestApp
from tests.support.jobs import worker_resources
from tests.support.transactions import database_of

INSERT = (
    "INSERT INTO events (uid, type, subject_uid, audience, payload, occurred_at, position)"
    " VALUES ($1, 'a.happened', $1, 'public', '{}', $2, $3)"
)
POSITIONS = "SELECT position FROM events ORDER BY position NULLS LAST"
CURSOR = "INSERT INTO event_consumers (name, position, moved_at) VALUES ($2, $1, now())"
CONSUMERS = ("slow", "fast")
NOW = utc_now()
OLD = NOW - timedelta(days=40)
BEFORE = NOW - timedelta(days=30)


@pytest.fixture
async def database(concurrent_app: TestApp) -> Database:
    database = database_of(concurrent_app)
    async with database.write() as session:
        await (await session.driver()).execute("DELETE FROM events; DELETE FROM event_consumers")
    return database


async def add(database: Database, *events: tuple[int | None, datetime]) -> None:
    async with database.write() as session:
        driver = await session.driver()
        await driver.executemany(INSERT, [(uuid7(), moment, position) for position, moment in events])


async def purge(database: Database) -> int:
    return await delete_in_batches(database, lambda session: EventRepository(session).purge(BEFORE, CONSUMERS))


async def kept(database: Database) -> list[int | None]:
    async with database.write() as session:
        return [row[0] for row in await (await session.driver()).fetch(POSITIONS)]


async def test_old_events_are_deleted_up_to_the_first_that_stays(database: Database) -> None:
    await add(database, (3, OLD), (5, OLD), (6, BEFORE), (7, OLD), (8, NOW), (None, OLD))
    assert await EventQueries(database.reads).floor() == 3
    assert await purge(database) == 2
    assert await kept(database) == [6, 7, 8, None], "a gap above the floor would lose events for its readers"
    assert await EventQueries(database.reads).floor() == 6


async def test_the_newest_event_marks_the_floor(database: Database) -> None:
    assert await EventQueries(database.reads).floor() == 0
    await add(database, (1, OLD), (2, OLD), (3, OLD))
    assert await purge(database) == 2
    assert await purge(database) == 0
    assert await EventQueries(database.reads).floor() == 3


async def test_events_that_a_consumer_has_not_handled_stay(database: Database) -> None:
    await add(database, *((position, OLD) for position in range(1, 6)), (6, NOW))
    async with database.write() as session:
        driver = await session.driver()
        await driver.execute(CURSOR, 3, "slow")
        await driver.execute(CURSOR, 6, "fast")
    assert await purge(database) == 3
    assert await kept(database) == [4, 5, 6]


async def test_the_cursor_of_a_removed_consumer_holds_no_event_and_is_deleted_when_nobody_moves_it(
    database: Database,
) -> None:
    """A worker of the previous release may still run a consumer that this one does not have."""
    await add(database, (1, OLD), (2, OLD), (3, NOW), (4, NOW))
    async with database.write() as session:
        driver = await session.driver()
        for name, position in (("removed", 1), ("of another release", 2), ("slow", 2), ("fast", 4)):
            await driver.execute(CURSOR, position, name)
    async with database.write() as session:
        assert await EventRepository(session).forget_consumers(BEFORE, CONSUMERS) == ["removed"]
    async with database.write() as session:
        await (await session.driver()).execute("UPDATE event_consumers SET position = 0 WHERE name LIKE 'of %'")
    assert await purge(database) == 2
    assert await kept(database) == [3, 4]


async def test_each_batch_is_a_transaction(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.kit.db.batches.BATCH", 2)
    monkeypatch.setattr(repository, "BATCH", 2)
    await add(database, *((position, OLD) for position in range(1, 6)), (6, NOW))
    assert await purge(database) == 5
    assert await kept(database) == [6]


async def test_the_schedule_keeps_events_as_long_as_the_setting_says(
    database: Database, concurrent_app: TestApp
) -> None:
    ages = (31, 29, 0)
    await add(database, *((number, NOW - timedelta(days=days)) for number, days in enumerate(ages, 1)))
    resources = worker_resources(concurrent_app)
    (schedule,) = (one for one in all_schedules(resources) if one.name == "events.purge")
    await schedule.run()
    assert await kept(database) == [2, 3]


async def test_the_schedule_waits_for_the_consumers_of_this_release_only(
    database: Database, concurrent_app: TestApp
) -> None:
    await add(database, (1, OLD), (2, OLD), (3, OLD), (4, NOW))
    known, *_ = consumer_names()
    async with database.write() as session:
        driver = await session.driver()
        await driver.execute(CURSOR, 2, known)
        await driver.execute(CURSOR, 0, "removed")
    resources = worker_resources(concurrent_app)
    (schedule,) = (one for one in all_schedules(resources) if one.name == "events.purge")
    with capture_logs() as lines:
        await schedule.run()
    assert lines == [{"event": "events_purged", "log_level": "info", "events": 2, "forgotten_consumers": ["removed"]}]
    assert await kept(database) == [3, 4]
    async with database.write() as session:
        rows = await (await session.driver()).fetch("SELECT name FROM event_consumers")
    assert [row["name"] for row in rows] == [known]


async def test_the_names_of_consumers_are_those_that_workers_run(concurrent_app: TestApp) -> None:
    resources = worker_resources(concurrent_app)
    assert sorted(consumer.name for consumer in event_consumers(resources)) == consumer_names()
