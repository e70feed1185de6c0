"""The metrics of the outbox are true."""

from collections.abc import Sequence
from typing import cast

import pytest
from uuid_utils.compat import uuid7

from app.events import backlog
from app.events.backlog import OutboxBacklog
from app.events.consumers import ConsumerRunner
from app.events.metrics import EventMetrics, OutboxMetrics
from app.events.relay import Relay
from app.events.stored import StoredEvent
from app.kit.background import tasks_running
from app.kit.db.database import Database
from app.kit.db.sessions import ReadSession, WriteSession
from observability.metrics.metrics import Metrics
from tests.support.app import TestApp
from tests.support.background import logged_by_outage
from tests.support.transactions import database_of

HOUR = 3600
SECONDS = 60
"""A test takes less."""
INSERT = (
    "INSERT INTO events (uid, type, subject_uid, audience, payload, occurred_at)"
    " SELECT $1, 'a.happened', $1, 'public', '{}', now() - $2::int * interval '1 hour'"
)


class Consumer:
    """A consumer that succeeds or fails."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.fails = False

    async def handle(self, session: WriteSession, events: Sequence[StoredEvent]) -> None:
        """Handle the events."""
        if self.fails:
            raise LookupError(session, events)


@pytest.fixture
def database(concurrent_app: TestApp) -> Database:
    return database_of(concurrent_app)


async def add_event(database: Database, hours: int) -> None:
    async with database.write() as session:
        await (await session.driver()).execute(INSERT, uuid7(), hours)


async def measured(database: Database) -> Metrics:
    metrics = Metrics()
    await OutboxBacklog(database.reads, metrics.group(OutboxMetrics), ("good", "bad")).update()
    return metrics


async def test_events_wait_for_the_relay_and_then_for_each_consumer(database: Database) -> None:
    instruments = Metrics().group(EventMetrics)
    relay, good, bad = Relay(database, instruments), Consumer("good"), Consumer("bad")
    runners = [ConsumerRunner(database, consumer, instruments) for consumer in (good, bad)]
    for runner in (*runners, ConsumerRunner(database, Consumer("removed"), instruments)):
        await runner.step()

    async def lags() -> dict[str, int | None]:
        """In hours."""
        registry = (await measured(database)).registry
        found = {"relay": registry.get_sample_value("outbox_lag_seconds")}
        for name in ("good", "bad"):
            found[name] = registry.get_sample_value("event_consumer_lag_seconds", {"consumer": name})
        assert all(value is not None and value % HOUR < SECONDS for value in found.values())
        assert registry.get_sample_value("event_consumer_lag_seconds", {"consumer": "removed"}) is None
        return {name: int(value // HOUR) for name, value in found.items() if value is not None}

    async def waiting() -> float | None:
        return (await measured(database)).registry.get_sample_value("outbox_unrelayed_events")

    assert (await lags(), await waiting()) == ({"relay": 0, "good": 0, "bad": 0}, 0)
    # The commit of an older event may come after that of a newer one.
    for hours in (2, 5, 1):
        await add_event(database, hours)
    assert (await lags(), await waiting()) == ({"relay": 5, "good": 0, "bad": 0}, 3)
    await relay.step()
    assert (await lags(), await waiting()) == ({"relay": 0, "good": 2, "bad": 2}, 0)
    bad.fails = True
    await runners[0].step()
    with pytest.raises(LookupError):
        await runners[1].step()
    assert await lags() == {"relay": 0, "good": 0, "bad": 2}


async def test_the_clock_of_an_event_that_is_ahead_gives_no_negative_lag(database: Database) -> None:
    await add_event(database, -1)
    assert (await measured(database)).registry.get_sample_value("outbox_lag_seconds") == 0


async def test_at_most_ten_thousand_events_are_counted(database: Database) -> None:
    """From the oldest one on, whose age is the lag."""
    await add_event(database, 5)
    async with database.write() as session:
        await (await session.driver()).execute(
            "INSERT INTO events (uid, type, subject_uid, audience, payload, occurred_at)"
            " SELECT gen_random_uuid(), 'a.happened', gen_random_uuid(), 'public', '{}', now()"
            " FROM generate_series(1, 10001)"
        )
    registry = (await measured(database)).registry
    assert registry.get_sample_value("outbox_unrelayed_events") == 10_000
    assert (registry.get_sample_value("outbox_lag_seconds") or 0) >= 5 * HOUR


async def test_the_measurement_continues_after_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    assert backlog._SECONDS <= 5, "an alert on a value needs it twice a minute"
    monkeypatch.setattr(backlog, "_SECONDS", 0.001)
    found = OutboxBacklog(cast("ReadSession", None), Metrics().group(OutboxMetrics), ())
    logged = await logged_by_outage(monkeypatch, found, "update", lambda: tasks_running(found.run()))
    assert logged == {("outbox_not_measured", "warning")}
