"""One stream: what waits is bounded, the table and the feed give each event once, and each end has its reason."""

from collections.abc import Sequence
from typing import Any, cast

import pytest
from structlog.testing import capture_logs
from uuid_utils.compat import uuid7

from app.access.principal import Role
from app.errors import Unavailable
from app.event_log.commands import EventFilter
from app.event_log.queries import EventLogQueries
from app.events.queries import EventQueries
from app.events.stored import StoredEvent
from app.http.live import connections, event_stream, streams
from app.http.live.close_codes import CloseCode
from app.http.live.connections import Place
from app.http.live.event_stream import EventStream
from app.http.live.metrics import STREAM
from app.http.live.streams import EventStreamResponse, retry
from app.kit.clock import utc_now
from app.kit.db.keyset import Slice
from tests.support.app import TestApp
from tests.support.streams import opened
from tests.support.users import principal_of

PATH = "/api/v2/stream"
TYPE = "a.happened"


class Stream(EventStreamResponse):
    """Has nothing to say."""

    async def fill(self) -> None:
        """Queue nothing."""

    @property
    def waiting(self) -> list[bytes]:
        return list(self._queue)


class Table:
    """Returns pages one after another; during the read of some, the feed offers events.

    Those that are ``full`` say that another one follows.
    """

    def __init__(self, stream: EventStream, *pages: Sequence[int], full: bool = True) -> None:
        self.read = 0
        self._pages = pages
        self._full = full
        self._stream = stream
        self.offered: dict[int, Sequence[int]] = {}
        stream._log = cast("EventLogQueries", self)
        stream._events = cast("EventQueries", self)
        stream._told = True
        self.floors: list[int] = []
        """What each page finds; 0 behind the last."""

    async def floor(self) -> int:
        return self.floors.pop(0) if self.floors else 0

    async def highest(self) -> int:
        return self._pages[-1][-1]

    async def page(self, _viewer: object, _wanted: object, after: tuple[int], _limit: int) -> Slice[StoredEvent]:
        page = [event_at(position) for position in self._pages[self.read] if position > after[0]]
        self.read += 1
        for position in self.offered.get(self.read, ()):
            self._stream.offer(event_at(position), encoded(position))
        more = self._full and self.read < len(self._pages)
        return Slice(page, (page[-1].position,) if more else None)


def event_at(position: int, kind: str = TYPE) -> StoredEvent:
    subject = uuid7()
    return StoredEvent(
        id=position,
        uid=subject,
        position=position,
        type=kind,
        schema=1,
        subject_uid=subject,
        subject_id=None,
        owner_uid=None,
        counterparty_uid=None,
        actor_uid=None,
        audience="public",
        payload={},
        occurred_at=utc_now(),
        traceparent=None,
        request_id=None,
    )


def encoded(position: int) -> bytes:
    return b"event %d" % position


async def place_in(test_app: TestApp) -> Place:
    person = await test_app.person("ada@example.com", Role.AUTHOR)
    return Place("v2", STREAM, await principal_of(test_app, person), None)


@pytest.fixture
async def stream(test_app: TestApp) -> Stream:
    return Stream(test_app.runtime, await place_in(test_app))


@pytest.fixture
async def events(test_app: TestApp) -> EventStream:
    return EventStream(
        test_app.runtime, await place_in(test_app), EventFilter({TYPE: 1}), lambda event: encoded(event.position), None
    )


def queued(stream: EventStreamResponse) -> list[bytes]:
    return list(stream._queue)


def test_limits_and_delays_are_those_that_a_client_and_a_server_can_bear() -> None:
    assert connections._TICK_SECONDS <= 1, "a connection of a version that ended is closed soon"
    found = {int(retry(1000, streams._CLOSE_MS).removeprefix(b"retry: ")) for _ in range(200)}
    assert len(found) > 20, "clients of a process that stops do not come back at once"
    assert min(found) >= 1000
    assert max(found) <= 10_000


@pytest.mark.parametrize(("text", "position"), [("0", 0), ("7", 7), ("\xb2", None), ("1\xb3", None), ("+1", None)])
def test_a_position_consists_of_ascii_digits(text: str, position: int | None) -> None:
    """A header may contain superscripts, which are digits but no numbers."""
    assert event_stream._position(text) == position


async def test_the_number_of_messages_that_wait_is_bounded(stream: Stream) -> None:
    for number in range(streams._MESSAGES):
        stream.put(b"%d" % number)
    assert len(stream.waiting) == streams._MESSAGES
    stream.put(b"one too many")
    assert stream.waiting == [stream.on_overflow()]
    stream.put(b"the next")
    assert stream.waiting == [stream.on_overflow(), b"the next"]


async def test_the_bytes_that_wait_are_bounded(stream: Stream) -> None:
    half = b"x" * (streams._BYTES // 2)
    for _ in range(2):
        stream.put(half)
        stream.put(half)
        assert stream.waiting == [half, half]
        stream.put(b"y")
        assert stream.waiting == [stream.on_overflow()]
        stream.clear()


async def test_a_page_from_the_table_is_no_burst(stream: Stream) -> None:
    stream.put_page([b"x"] * (2 * streams._MESSAGES))
    assert len(stream.waiting) == 2 * streams._MESSAGES


async def test_every_message_is_counted_also_where_several_are_sent_together(test_app: TestApp, stream: Stream) -> None:
    async def send(_message: object) -> None:
        """The client reads."""

    def sent() -> float:
        return test_app.runtime.metrics.registry.get_sample_value("realtime_messages_total", {"api_version": "v2"}) or 0

    before = sent()
    for _ in range(3):
        stream.put(b"x")
    stream.end("over")
    await stream._send_all(send)
    assert sent() - before == 3


async def test_an_event_of_the_table_and_the_feed_is_sent_once(events: EventStream) -> None:
    events.offer(event_at(1), encoded(1))
    assert queued(events) == [], "the table has it, which is read first"
    Table(events, [1, 2])
    await events.fill()
    events.clear()
    for position in (1, 2, 3):
        events.offer(event_at(position), encoded(position))
    events.offer(event_at(4, "b.happened"), b"of another type")
    assert queued(events) == [encoded(3)]


async def test_an_event_that_is_offered_while_the_table_is_read_is_not_lost(events: EventStream) -> None:
    table = Table(events, [1, 2], [3], full=False)
    table.offered = {1: (3,)}

    async def drained() -> None:
        """Everything is sent."""

    events.drained = drained  # type: ignore[method-assign]  # the stream has no client
    await events.fill()
    assert queued(events) == [encoded(1), encoded(2), encoded(3)]
    assert table.read == 2


async def test_a_page_is_read_when_the_one_before_it_is_sent(events: EventStream) -> None:
    waiting: list[int] = []

    async def drained() -> None:
        waiting.append(len(queued(events)))
        events.clear()

    events.drained = drained  # type: ignore[method-assign]  # the stream has no client
    table = Table(events, [1, 2], [3], [])
    await events.fill()
    assert waiting[:2] == [0, 2]
    assert table.read >= 2


async def test_events_that_are_deleted_while_the_table_is_read_reset_the_stream(events: EventStream) -> None:
    """The floor was below the position of the client when it connected."""

    async def drained() -> None:
        """Everything is sent."""

    events.drained = drained  # type: ignore[method-assign]  # the stream has no client
    Table(events, [1, 2], [6, 7], [8]).floors = [1, 6]
    await events.fill()
    assert queued(events) == [encoded(1), encoded(2), b'id: 8\nevent: reset\ndata: {"position":"8"}\n\n']


async def test_a_heartbeat_has_a_position_as_soon_as_the_table_is_read(events: EventStream) -> None:
    assert events.heartbeat() == b":\n\n", "the client has not received the events before it"
    Table(events, [])
    await events.fill()
    events._feed.position = 7
    assert events.heartbeat() == b":\nid: 7\n\n"


@pytest.mark.parametrize(
    ("error", "reason", "logged"),
    [(Unavailable(), "unavailable", []), (ValueError("a defect"), "internal_error", ["stream_failed"])],
)
async def test_a_stream_whose_table_cannot_be_read_ends(
    concurrent_app: TestApp, monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str, logged: list[str]
) -> None:
    person = await concurrent_app.person("ada@example.com", Role.AUTHOR)

    async def fail(*_arguments: Any) -> None:
        raise error

    monkeypatch.setattr(EventLogQueries, "page", fail)
    with capture_logs() as lines:
        async with opened(concurrent_app, PATH, person.headers) as client:
            await client.ended.wait()
    assert client.messages[-1].data == f'{{"reason":"{reason}"}}'
    assert [line["event"] for line in lines if line["event"] == "stream_failed"] == logged


async def test_the_first_reason_stays_and_a_client_that_left_is_told_none(concurrent_app: TestApp) -> None:
    person = await concurrent_app.person("ada@example.com", Role.AUTHOR)
    live = concurrent_app.runtime.get(connections.LiveConnections)
    async with opened(concurrent_app, PATH, person.headers) as client:
        (stream,) = live._open
        stream.close(CloseCode.TRY_AGAIN_LATER, "first")
        stream.close(CloseCode.TRY_AGAIN_LATER, "second")
        await client.ended.wait()
    assert client.messages[-1].data == '{"reason":"first"}'
    async with opened(concurrent_app, PATH, person.headers) as gone:
        pass
    assert gone.ended.is_set()
    assert "bye" not in gone.text


@pytest.mark.parametrize(("given", "reset"), [("1001", False), ("999", True), ("1003", False), ("1004", True)])
async def test_a_stream_continues_after_each_position_that_is_kept(
    concurrent_app: TestApp, given: str, *, reset: bool
) -> None:
    """From the oldest event to the newest, after which nothing was missed."""
    person = await concurrent_app.person("ada@example.com", Role.AUTHOR)
    async with concurrent_app.runtime.database.write() as session:
        driver = await session.driver()
        await driver.execute("DELETE FROM events")
        for position in (1001, 1003):
            await driver.execute(
                "INSERT INTO events (uid, type, schema, subject_uid, audience, payload, position)"
                " VALUES ($1, 'hold.resolved', 1, $1, 'public', '{\"outcome\": \"captured\"}', $2)",
                uuid7(),
                position,
            )
    sent = concurrent_app.runtime.metrics.registry.get_sample_value
    before = sent("realtime_messages_total", {"api_version": "v2"}) or 0
    async with opened(concurrent_app, PATH, person.headers | {"Last-Event-ID": given}) as client:
        await client.until("id: 1003" if given in {"1001", "1003"} else "event: reset")
    assert [message.event for message in client.messages] == (
        ["reset"] if reset else ["hold.resolved"] if given == "1001" else []
    )
    assert (sent("realtime_messages_total", {"api_version": "v2"}) or 0) - before == (2 if given == "1001" else 1)
