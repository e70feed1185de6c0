"""What is committed is seen once and in order, and nothing else, whatever is killed; ``id > cursor`` misses events."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from app.events.consumers import ConsumerRunner
from app.events.metrics import EventMetrics
from app.events.relay import Relay
from app.events.stored import StoredEvent
from app.events.work import events_handled
from app.kit.db import migrations
from app.kit.db.database import Database
from app.kit.db.listener import Listener, ListenerSettings
from app.kit.db.locks import lock_ids
from app.kit.db.sessions import WriteSession
from observability.metrics.metrics import Metrics
from tests.support.app import TestApp
from tests.support.event_load import SETTINGS, Load, Writers, add_subjects, kill_holders
from tests.support.outages import Postgres
from tests.support.postgres import application_dsn, owner_dsn
from tests.support.transactions import dsn_of
from tests.support.waiting import PATIENCE, eventually

EVENTS = 360
CREATE = "CREATE TABLE handled (number bigint GENERATED ALWAYS AS IDENTITY, subject uuid, change bigint)"
SEEN = "SELECT id, position, subject_uid, payload->>'number' AS number FROM events"
GRANT = "GRANT ALL ON handled TO PUBLIC"


class Copier:
    """A consumer that writes a row for each event."""

    name = "test.copier"

    async def handle(self, session: WriteSession, events: Sequence[StoredEvent]) -> None:
        driver = await session.driver()
        rows = [(event.subject_uid, event.payload["number"]) for event in events]
        await driver.executemany("INSERT INTO handled (subject, change) VALUES ($1, $2)", rows)


@asynccontextmanager
async def worker(dsn: str, metrics: Metrics | None = None) -> AsyncIterator[None]:
    """A relay and the consumer, with connections of their own."""
    database = await Database.open(dsn, SETTINGS)
    listener = Listener(ListenerSettings(dsn, 5, "test listener"))
    group = (metrics or Metrics()).group(EventMetrics)
    async with events_handled(database, listener, [Copier()], group), listener.running():
        yield
    await database.close()


async def handled(owner: "asyncpg.Connection[asyncpg.Record]", load: Load) -> bool:
    rows = await owner.fetch("SELECT subject, change FROM handled ORDER BY number")
    load.seen = [(row["subject"], row["change"]) for row in rows]
    return not load.missed


async def prepared(dsn: str) -> tuple[Database, "asyncpg.Connection[asyncpg.Record]"]:
    database = await Database.open(dsn, SETTINGS)
    owner = await asyncpg.connect(owner_dsn(dsn))
    await owner.execute(f"{CREATE}; {GRANT}")
    # A consumer starts behind the newest event.
    await ConsumerRunner(database, Copier(), Metrics().group(EventMetrics)).step()
    return database, owner


def assert_exactly_once_and_in_order(load: Load) -> None:
    assert (load.missed, load.doubled, load.phantom, load.disorder) == (0, 0, 0, 0)


async def test_consumers_see_each_committed_event_once_and_in_order(concurrent_app: TestApp) -> None:
    """While the connections of two workers are ended in the middle of their transactions."""
    dsn, load = dsn_of(concurrent_app), Load()
    database, owner = await prepared(dsn)
    purpose = lock_ids("events.relay")[0] % 2**32
    relays = kill_holders(owner_dsn(dsn), "locktype = 'advisory' AND classid::bigint = $1", purpose)
    cursors = kill_holders(owner_dsn(dsn), "relation = 'event_consumers'::regclass AND mode = 'RowShareLock'")
    killers = [asyncio.create_task(killer) for killer in (relays, cursors)]
    async with worker(dsn), worker(dsn):
        await Writers(database, await add_subjects(database), load).write(EVENTS)
        for killer in killers:
            killer.cancel()
        killed = await asyncio.gather(*killers)
        await eventually(lambda: handled(owner, load))
    assert all(killed), "both kinds of transactions were interrupted"
    assert_exactly_once_and_in_order(load)
    await owner.close()
    await database.close()


@pytest.mark.parametrize("column", ["position", "id"])
async def test_a_reader_of_positions_sees_every_event_and_a_reader_of_ids_does_not(
    concurrent_app: TestApp, column: str
) -> None:
    """The test of the tests: the same writers, and the cursor that a relay replaces."""
    dsn, load = dsn_of(concurrent_app), Load()
    database, owner = await prepared(dsn)
    relay = Relay(database, Metrics().group(EventMetrics))
    cursor = 0

    async def read() -> None:
        nonlocal cursor
        await relay.step()
        rows = await owner.fetch(f"{SEEN} WHERE {column} > $1 ORDER BY {column}", cursor)
        load.seen += [(row["subject_uid"], int(row["number"])) for row in rows]
        cursor = max((row[column] for row in rows), default=cursor)

    async def read_until_done(writing: "asyncio.Task[None]") -> None:
        while not writing.done():
            await read()
            await asyncio.sleep(0.005)
        await read()

    writing = asyncio.create_task(Writers(database, await add_subjects(database), load).write(EVENTS))
    await read_until_done(writing)
    await writing
    if column == "position":
        assert_exactly_once_and_in_order(load)
    else:
        assert load.missed > 0
    await owner.close()
    await database.close()


async def test_a_crash_of_postgresql_loses_no_event_and_repeats_none(tmp_path: Path) -> None:
    server = Postgres(tmp_path)
    try:
        admin = await asyncio.to_thread(server.start)
        dsn = application_dsn(admin)
        await asyncio.to_thread(migrations.upgrade, admin, role=migrations.Role.of(dsn))
        database, owner = await prepared(dsn)
        load = Load()
        subjects = await add_subjects(database)
        async with worker(dsn):
            writing = asyncio.create_task(Writers(database, subjects, load).write(EVENTS))

            async def half_is_written() -> bool:
                return len(load.committed) > EVENTS // 2

            await eventually(half_is_written)
            await asyncio.to_thread(server.kill)
            await asyncio.to_thread(server.start)
            await asyncio.wait_for(writing, PATIENCE)
            await owner.close()
            owner = await asyncpg.connect(owner_dsn(dsn))
            await eventually(lambda: handled(owner, load))
        # A commit whose reply was lost with the server may have been stored.
        assert (load.missed, load.doubled, load.disorder) == (0, 0, 0)
        assert load.phantom <= 12
        await owner.close()
        await database.close()
    finally:
        await asyncio.to_thread(server.destroy)


async def test_two_relays_take_turns(concurrent_app: TestApp) -> None:
    """One of them finds the lock taken, and leaves."""
    dsn, load = dsn_of(concurrent_app), Load()
    database, owner = await prepared(dsn)
    await Writers(database, await add_subjects(database), load).write(24)
    relay = Relay(database, Metrics().group(EventMetrics))
    async with owner.transaction():
        await owner.execute("SELECT pg_advisory_xact_lock($1, $2)", *lock_ids("events.relay"))
        assert await relay.step() is False
        assert await owner.fetchval("SELECT count(position) FROM events") == 0
    await relay.step()
    rows = await owner.fetch("SELECT position FROM events ORDER BY id")
    positions = [row["position"] for row in rows]
    assert len(positions) == 24
    assert positions == sorted(positions)
    await owner.close()
    await database.close()
