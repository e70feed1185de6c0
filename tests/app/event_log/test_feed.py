"""The feed offers each relayed event once, to the subscribers who may read it, and encodes it once."""

from contextlib import ExitStack
from uuid import UUID

import pytest
from structlog.testing import capture_logs
from uuid_utils.compat import uuid7

from app.access.principal import Role
from app.event_log import feed as feeds
from app.event_log.feed import Encode, EventFeed
from app.event_log.queries import EventLogQueries
from app.events.render_failures import RenderFailures
from app.events.stored import StoredEvent
from app.events.visibility import EVERYTHING, Viewer
from observability.metrics.metrics import Metrics
from tests.app.event_log.test_reading import Log
from tests.support.app import TestApp
from tests.support.background import logged_by_outage
from tests.support.waiting import eventually


class Version:
    """Encodes events, and records which."""

    def __init__(self) -> None:
        self.encoded: list[UUID] = []

    def encode(self, event: StoredEvent) -> bytes | None:
        self.encoded.append(event.uid)
        return None if event.type == "unknown.happened" else event.uid.bytes


class Reader:
    """Records what it is offered."""

    api_version = "v2"

    def __init__(self, version: Version | None = None) -> None:
        self.offered: list[int] = []
        self.encode: Encode = (version or Version()).encode

    def offer(self, event: StoredEvent, message: bytes) -> None:
        assert message == event.uid.bytes
        self.offered.append(event.position)


@pytest.fixture
async def log(test_app: TestApp) -> Log:
    return Log(test_app, await test_app.person("ada@example.com", Role.AUTHOR))


async def test_events_are_offered_once_to_those_who_may_read_them(test_app: TestApp, log: Log) -> None:
    feed = EventFeed(test_app.runtime.database.reads, RenderFailures(Metrics()), lambda: False, lambda _event: None)
    version = Version()
    ada, bob = uuid7(), uuid7()
    of_ada, of_bob, of_all = Reader(version), Reader(version), Reader(version)
    await feed.step()
    with (
        feed.subscribed(Viewer(ada), of_ada),
        feed.subscribed(Viewer(bob), of_bob),
        feed.subscribed(EVERYTHING, of_all),
    ):
        first = feed.position + 100
        public = await log.add(first + 1)
        owned = await log.add(first + 2, audience="owner", owner=ada)
        shared = await log.add(first + 3, audience="owner", owner=ada, counterparty=bob)
        hidden = await log.add(first + 4, audience="admin", owner=ada)
        await log.add(None)
        unknown = await log.add(first + 6, type="unknown.happened")
        await feed.step()
        await feed.step()
    assert [position - first for position in of_ada.offered] == [1, 2, 3]
    assert [position - first for position in of_bob.offered] == [1, 3]
    assert [position - first for position in of_all.offered] == [1, 2, 3, 4]
    assert version.encoded == [public, owned, shared, hidden, unknown]
    assert feed.position == first + 6


async def test_a_full_batch_is_followed_by_another(
    test_app: TestApp, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a pause after it, and with one where nothing waits or nobody reads."""
    monkeypatch.setattr(feeds, "_BATCH", 2)
    feed = EventFeed(test_app.runtime.database.reads, RenderFailures(Metrics()), lambda: False, lambda _event: None)
    assert await feed.step() is False
    reader = Reader()
    with feed.subscribed(EVERYTHING, reader):
        first = feed.position + 100
        for position in range(first, first + 3):
            await log.add(position)
        assert [await feed.step() for _ in range(3)] == [True, False, False]
    assert reader.offered == [first, first + 1, first + 2]
    await log.add(first + 3)
    assert await feed.step() is False


async def test_without_a_reader_nothing_is_read_and_nothing_is_offered_later(test_app: TestApp, log: Log) -> None:
    watched: list[int] = []
    feed = EventFeed(
        test_app.runtime.database.reads,
        RenderFailures(Metrics()),
        lambda: False,
        lambda event: watched.append(event.position),
    )
    await feed.step()
    await log.add(feed.position + 1)
    await feed.step()
    reader = Reader()
    with feed.subscribed(EVERYTHING, reader):
        await feed.step()
    assert (reader.offered, watched) == ([], [])


async def test_while_connections_are_open_their_watcher_sees_every_event(test_app: TestApp, log: Log) -> None:
    watched: list[int] = []
    feed = EventFeed(
        test_app.runtime.database.reads,
        RenderFailures(Metrics()),
        lambda: True,
        lambda event: watched.append(event.position),
    )
    await feed.step()
    first = feed.position
    await log.add(first + 1, audience="admin")
    await feed.step()
    assert watched == [first + 1]


async def test_the_newest_event_is_known_before_any_is_offered(test_app: TestApp, log: Log) -> None:
    await log.add(10)
    feed = EventFeed(test_app.runtime.database.reads, RenderFailures(Metrics()), lambda: False, lambda _event: None)
    reader = Reader()
    with feed.subscribed(EVERYTHING, reader):
        await feed.step()
        await feed.start()
        assert feed.position == 10
        await log.add(11)
        await feed.step()
    assert reader.offered == [11]


async def test_after_its_last_reader_a_feed_reads_nothing(test_app: TestApp, log: Log) -> None:
    watched: list[int] = []
    feed = EventFeed(
        test_app.runtime.database.reads,
        RenderFailures(Metrics()),
        lambda: False,
        lambda event: watched.append(event.position),
    )
    with feed.subscribed(EVERYTHING, Reader()):
        await feed.step()
    await log.add(feed.position + 1)
    await feed.step()
    assert watched == []


async def test_a_reader_that_leaves_takes_no_other_one_of_its_user_along(test_app: TestApp, log: Log) -> None:
    feed = EventFeed(test_app.runtime.database.reads, RenderFailures(Metrics()), lambda: False, lambda _event: None)
    stays, leaves = Reader(), Reader()
    await feed.step()
    with feed.subscribed(EVERYTHING, stays):
        with feed.subscribed(EVERYTHING, leaves):
            pass
        await log.add(first := feed.position + 1)
        await feed.step()
    assert (stays.offered, leaves.offered) == ([first], [])


async def test_an_event_that_a_new_reader_may_have_missed_is_offered(
    test_app: TestApp, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reader subscribes, and reads the table, between the look at the newest event and its result."""
    feed, reader = (
        EventFeed(test_app.runtime.database.reads, RenderFailures(Metrics()), lambda: False, lambda _event: None),
        Reader(),
    )
    await feed.step()
    highest = EventLogQueries.highest
    new = feed.position + 1
    await log.add(new)
    with ExitStack() as stack:

        async def late(self: EventLogQueries) -> int:
            found = await highest(self)
            stack.enter_context(feed.subscribed(EVERYTHING, reader))
            return found

        monkeypatch.setattr(EventLogQueries, "highest", late)
        await feed.step()
    assert reader.offered == [new]


async def test_a_nudge_wakes_the_feed(test_app: TestApp, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    assert feeds._SECONDS <= 2, "what a lost nudge costs"
    monkeypatch.setattr(feeds, "_SECONDS", 3600.0)
    feed, reader = (
        EventFeed(test_app.runtime.database.reads, RenderFailures(Metrics()), lambda: False, lambda _event: None),
        Reader(),
    )
    with feed.subscribed(EVERYTHING, reader):
        await feed.start()
        async with feed.running():
            for number in (1, 2):
                await log.add(feed.position + 1)
                feed.nudge()

                async def offered(expected: int = number) -> bool:
                    return len(reader.offered) == expected

                await eventually(offered)


async def test_an_event_that_a_version_cannot_render_is_logged_once_and_skipped(test_app: TestApp, log: Log) -> None:
    metrics, readable = Metrics(), Reader()
    defective = [Reader(), Reader()]

    def fail(event: StoredEvent) -> bytes:
        if event.position in (broken, broken + 2):
            raise KeyError("outcome")
        return event.uid.bytes

    def watch(event: StoredEvent) -> None:
        if event.position == broken:
            raise KeyError("changed")

    feed = EventFeed(test_app.runtime.database.reads, RenderFailures(metrics), lambda: False, watch)
    await feed.step()
    broken = feed.position + 1
    with ExitStack() as stack, capture_logs() as lines:
        for reader in defective:
            reader.encode = fail
        for reader in (*defective, readable):
            stack.enter_context(feed.subscribed(EVERYTHING, reader))
        for position in (broken, broken + 1, broken + 2):
            await log.add(position)
        await feed.step()
    assert readable.offered == [broken, broken + 1, broken + 2]
    assert [reader.offered for reader in defective] == [[broken + 1]] * 2
    assert [line["event"] for line in lines] == ["event_not_watched", "not_rendered", "not_rendered"]
    assert metrics.registry.get_sample_value("render_failures_total", {"api_version": "v2"}) == 2


async def test_an_outage_does_not_end_the_feed_and_is_logged(
    test_app: TestApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = EventFeed(test_app.runtime.database.reads, RenderFailures(Metrics()), lambda: False, lambda _event: None)
    logged = await logged_by_outage(monkeypatch, feed, "step", feed.running)
    assert logged == {("events_not_streamed", "warning")}
