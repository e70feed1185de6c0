"""Who is in a room while processes renew, leave and die at once, and what wakes the feed of a process."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from app.access.principal import Principal
from app.errors import Unavailable
from app.kit.clock import utc_now
from app.kit.db.database import UnitOfWork
from app.kit.db.sessions import Nudge
from app.rooms import feed as feeds
from app.rooms import presence as presences
from app.rooms.feed import RoomFeed
from app.rooms.nudges import written
from app.rooms.presence import Presence
from app.rooms.queries import RoomQueries
from app.rooms.repository import RoomRepository
from app.rooms.service import PRESENT_FOR
from app.rooms.views import RoomMessageView
from tests.app.rooms.test_service import execute, kinds, messages, person, publish
from tests.support.app import TestApp
from tests.support.transactions import database_of, owner_of
from tests.support.waiting import PATIENCE, eventually

EXPIRE = "UPDATE room_presence SET expires_at = now() - interval '1 second'"
NEVER = 3600.0


async def present(app: TestApp, room: int) -> list[Any]:
    return list(await RoomQueries(app.runtime.database.reads).present(room, utc_now()))


def test_a_connection_is_renewed_several_times_before_it_expires() -> None:
    assert 2 * presences._RENEW_SECONDS <= PRESENT_FOR.total_seconds() <= 60
    assert feeds._POLL_SECONDS <= 2, "what a lost nudge costs"


async def test_a_user_whose_connection_expired_joins_again_and_stays(test_app: TestApp) -> None:
    ada, dead, alive = await person(test_app), Presence(test_app.runtime.database), Presence(test_app.runtime.database)
    room = await dead.enter(ada, "lobby", uuid4())
    await execute(test_app, EXPIRE)
    await alive.enter(ada, "lobby", uuid4())
    assert await kinds(test_app, room.id) == [("joined", None), ("joined", None)]
    await alive.renew()
    assert await kinds(test_app, room.id) == [("joined", None), ("joined", None)]
    assert await present(test_app, room.id) == [ada.user_uid]


async def test_a_user_joins_each_room(test_app: TestApp) -> None:
    ada, presence, connection = await person(test_app), Presence(test_app.runtime.database), uuid4()
    first = await presence.enter(ada, "lobby", connection)
    second = await presence.enter(ada, "garden", connection)
    await presence.leave(first.id, connection)
    assert await kinds(test_app, first.id) == [("joined", None), ("left", None)]
    assert await kinds(test_app, second.id) == [("joined", None)]
    assert (await present(test_app, first.id), await present(test_app, second.id)) == ([], [ada.user_uid])


async def test_a_view_of_a_room_is_of_the_moment_before_the_user_joined(test_app: TestApp) -> None:
    ada, presence = await person(test_app), Presence(test_app.runtime.database)
    last = await publish(test_app, ada, "before")
    view = await presence.enter(ada, "lobby", uuid4())
    assert (view.position, view.floor) == (last, last - 1)


async def test_a_renewal_extends_the_presence_of_connections(test_app: TestApp) -> None:
    ada, presence = await person(test_app), Presence(test_app.runtime.database)
    room = await presence.enter(ada, "lobby", uuid4())
    await execute(test_app, EXPIRE)
    assert await present(test_app, room.id) == []
    await presence.renew()
    assert await present(test_app, room.id) == [ada.user_uid]
    assert await kinds(test_app, room.id) == [("joined", None)]


async def test_a_process_without_connections_renews_none(test_app: TestApp) -> None:
    await Presence(test_app.runtime.database).renew()


async def test_a_connection_that_left_is_not_written_again(test_app: TestApp) -> None:
    ada, presence, connection = await person(test_app), Presence(test_app.runtime.database), uuid4()
    room = await presence.enter(ada, "lobby", connection)
    await presence.leave(room.id, connection)
    await presence.renew()
    assert await present(test_app, room.id) == []


async def test_a_connection_that_leaves_during_a_renewal_is_not_written_again(
    concurrent_app: TestApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, presence, connection = await person(concurrent_app), Presence(concurrent_app.runtime.database), uuid4()
    room = await presence.enter(ada, "lobby", connection)
    begun, go, renew = asyncio.Event(), asyncio.Event(), RoomRepository.renew

    async def slow(self: RoomRepository, found: Any, expires_at: datetime) -> None:
        begun.set()
        await go.wait()
        await renew(self, found, expires_at)

    monkeypatch.setattr(RoomRepository, "renew", slow)
    renewing = asyncio.create_task(presence.renew())
    await asyncio.wait_for(begun.wait(), PATIENCE)
    leaving = asyncio.create_task(presence.leave(room.id, connection))
    await asyncio.wait({leaving}, timeout=0.3)
    go.set()
    await asyncio.gather(renewing, leaving)
    assert await present(concurrent_app, room.id) == []


async def test_a_connection_that_was_renewed_after_it_was_found_expired_stays(
    test_app: TestApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, connection = await person(test_app), uuid4()
    alive, other = Presence(test_app.runtime.database), Presence(test_app.runtime.database)
    room = await alive.enter(ada, "lobby", connection)

    async def found(_self: RoomQueries, _now: datetime) -> list[tuple[int, Any]]:
        return [(room.id, connection)]

    monkeypatch.setattr(RoomQueries, "expired", found)
    await other.renew()
    assert await present(test_app, room.id) == [ada.user_uid]


async def test_a_room_is_in_use_until_somebody_left_and_each_message_is_told(
    concurrent_app: TestApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Nudge] = []
    monkeypatch.setattr(database_of(concurrent_app)._notifier, "send", sent.extend)
    ada, presence, connection = await person(concurrent_app), Presence(concurrent_app.runtime.database), uuid4()
    sent.clear()
    room = await presence.enter(ada, "lobby", connection)
    await execute(concurrent_app, "UPDATE rooms SET changed_at = changed_at - interval '2 days'")
    await presence.leave(room.id, connection)
    await publish(concurrent_app, ada, "a message", "garden")
    async with owner_of(concurrent_app.runtime.database) as owner:
        changed, garden = await owner.fetch("SELECT id, changed_at FROM rooms ORDER BY id")
    assert utc_now() - changed["changed_at"] < timedelta(days=1)
    assert sent == [written(room.id), written(room.id), written(garden["id"])]
    assert not sent[0].replaces, "the news of one room do not take the place of those of another"


async def test_more_old_messages_than_one_raise_the_floor_to_the_last(test_app: TestApp) -> None:
    ada = await person(test_app)
    positions = [await publish(test_app, ada, str(number)) for number in range(3)]
    async with test_app.runtime.database.write() as session:
        assert await RoomRepository(session).purge(utc_now() + timedelta(days=1)) == 3
        room = await RoomRepository(session).lock("lobby", utc_now())
    assert room.floor == positions[-1]
    assert await messages(test_app, room.id) == []


class Tables:
    """Rooms, and pages of their messages; records which rooms are read."""

    def __init__(self, positions: Mapping[int, int], pages: Mapping[int, Sequence[int]]) -> None:
        self._positions, self._pages = positions, pages
        self.read: list[int] = []
        self.closed = False

    def __call__(self, _reads: object) -> "Tables":
        return self

    async def positions(self, rooms: Collection[int]) -> Mapping[int, int]:
        assert rooms
        assert not self.closed
        return self._positions

    async def messages(self, room: int, _after: int) -> Sequence[RoomMessageView]:
        self.read.append(room)
        now = utc_now()
        return [RoomMessageView(room, each, "message", uuid4(), 1, "text", now) for each in self._pages[room]]


class NoDatabase:
    reads = None


@pytest.mark.parametrize("full", [0, 1, 2])
async def test_a_step_is_followed_by_another_if_one_of_its_pages_is_full(
    monkeypatch: pytest.MonkeyPatch, full: int
) -> None:
    tables = Tables({1: 12, 2: 12, 3: 10}, {room: (11, 12) if room == full else (12,) for room in (1, 2, 3)})
    monkeypatch.setattr(feeds, "RoomQueries", tables)
    monkeypatch.setattr(feeds, "PAGE", 2)
    feed, received = RoomFeed(cast("UnitOfWork", NoDatabase())), list[RoomMessageView]()
    assert await feed.step() is False
    with (
        feed.subscribed(1, 10, received.extend),
        feed.subscribed(2, 10, received.extend),
        feed.subscribed(3, 10, received.extend),
    ):
        assert await feed.step() is (full > 0)
        assert (tables.read, len(received)) == ([1, 2], 3 if full else 2), "the third room has no news"
        assert await feed.step() is False
    tables.closed = True
    assert await feed.step() is False, "a room without subscribers is not looked at"


async def test_a_subscriber_that_leaves_keeps_nothing_from_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "RoomQueries", Tables({1: 11}, {1: (11,)}))
    feed, told = RoomFeed(cast("UnitOfWork", NoDatabase())), list[str]()
    with ExitStack() as stack:

        def leave(_messages: Sequence[RoomMessageView]) -> None:
            told.append("first")
            stack.close()

        stack.enter_context(feed.subscribed(1, 10, leave))
        with feed.subscribed(1, 10, lambda _messages: told.append("second")):
            await feed.step()
    assert told == ["first", "second"]


async def test_a_room_that_all_have_left_meanwhile_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    class Leaving(Tables):
        async def positions(self, rooms: Collection[int]) -> Mapping[int, int]:
            found = await super().positions(rooms)
            stack.close()
            return found

    tables = Leaving({1: 11}, {1: (11,)})
    monkeypatch.setattr(feeds, "RoomQueries", tables)
    feed = RoomFeed(cast("UnitOfWork", NoDatabase()))
    with ExitStack() as stack:
        stack.enter_context(feed.subscribed(1, 10, lambda _messages: None))
        assert await feed.step() is False
    assert tables.read == []


async def test_a_feed_is_woken_by_news_of_its_rooms_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "_POLL_SECONDS", NEVER)
    feed, steps = RoomFeed(cast("UnitOfWork", NoDatabase())), list[int]()

    async def step() -> bool:
        steps.append(len(steps))
        return False

    monkeypatch.setattr(feed, "step", step)
    with feed.subscribed(7, 0, lambda _messages: None):
        async with feed.running():

            async def reached(number: int) -> bool:
                return len(steps) == number

            await eventually(lambda: reached(1))
            feed.nudge("8")
            await asyncio.sleep(0.02)
            assert len(steps) == 1
            for number, payload in enumerate(["7", None, "of another release"], 2):
                feed.nudge(payload)
                await eventually(lambda number=number: reached(number))


async def test_connections_that_enter_at_once_are_one_visit_of_each_user(concurrent_app: TestApp) -> None:
    ada, bob = await person(concurrent_app), await person(concurrent_app, "bob")

    async def enter(who: Principal) -> int:
        return (await Presence(concurrent_app.runtime.database).enter(who, "lobby", uuid4())).id

    rooms = await asyncio.gather(*(enter(who) for who in (ada, bob, ada, bob)))
    assert len(set(rooms)) == 1
    found = await messages(concurrent_app, rooms[0])
    assert sorted(message.sender_uid for message in found) == sorted([ada.user_uid, bob.user_uid])
    assert [message.position for message in found] == [found[0].position, found[0].position + 1]


async def test_an_outage_ends_neither_the_renewal_nor_the_feed_and_is_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail() -> bool:
        raise Unavailable

    database = cast("UnitOfWork", NoDatabase())
    presence, feed = Presence(database), RoomFeed(database)
    monkeypatch.setattr(presences, "_RENEW_SECONDS", 0.001)
    monkeypatch.setattr(presence, "renew", fail)
    monkeypatch.setattr(feed, "step", fail)
    with capture_logs() as lines:

        async def logged() -> bool:
            names = [line["event"] for line in lines]
            return min(names.count("presence_not_renewed"), names.count("room_messages_not_read")) >= 2

        async with presence.running(), feed.running():
            await eventually(logged)
    assert {line["log_level"] for line in lines} == {"warning"}
