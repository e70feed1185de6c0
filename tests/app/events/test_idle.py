"""A relay and a consumer without work take no lock, and neither waits for another worker's."""

from collections.abc import Sequence

import pytest
from uuid_utils.compat import uuid7

from app.events.consumers import ConsumerRunner
from app.events.metrics import EventMetrics
from app.events.relay import Relay
from app.events.repository import EventRepository
from app.events.stored import StoredEvent
from app.kit.db.database import Database
from app.kit.db.sessions import WriteSession
from observability.metrics.metrics import Metrics
from tests.support.app import TestApp
from tests.support.transactions import database_of

INSERT = (
    "INSERT INTO events (uid, type, subject_uid, audience, payload, occurred_at)"
    " VALUES ($1, 'a.happened', $1, 'public', '{}', now())"
)


class Nothing:
    """A consumer without effects."""

    name = "test.nothing"

    async def handle(self, session: WriteSession, events: Sequence[StoredEvent]) -> None:
        """Write nothing."""


@pytest.fixture
def database(concurrent_app: TestApp) -> Database:
    return database_of(concurrent_app)


async def add_event(database: Database) -> None:
    async with database.write() as session:
        await (await session.driver()).execute(INSERT, uuid7())


async def test_without_work_no_transaction_is_opened(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    metrics = Metrics().group(EventMetrics)
    relay, runner = Relay(database, metrics), ConsumerRunner(database, Nothing(), metrics)
    await add_event(database)
    await runner.step()
    while await relay.step() or await runner.step():
        pass

    def write(*_: object, **__: object) -> None:
        pytest.fail("a transaction that may write, which locks, was opened")

    with monkeypatch.context() as patch:
        patch.setattr(database, "write", write)
        assert await relay.step() is False
        assert await runner.step() is False


async def test_a_relay_leaves_events_to_the_one_that_has_the_lock(database: Database) -> None:
    relay = Relay(database, Metrics().group(EventMetrics))
    await add_event(database)
    async with database.write() as session:
        assert await EventRepository(session).try_lock_relay()
        assert await relay.step() is False, "it returns at once"
        async with database.write() as other:
            assert await (await other.driver()).fetchval("SELECT count(*) FROM events WHERE position IS NULL") == 1
    await relay.step()
    async with database.write() as session:
        assert await (await session.driver()).fetchval("SELECT count(*) FROM events WHERE position IS NULL") == 0
