"""Rooms in a real PostgreSQL: order, presence, retention."""

import asyncio
from collections.abc import Sequence
from uuid import uuid4

import pytest
from sqlalchemy import text

from app.access.principal import Principal, anonymous
from app.errors import InsufficientPermissions, Unauthenticated
from app.rooms.feed import RoomFeed
from app.rooms.housekeeping import RoomHousekeeping
from app.rooms.presence import Presence
from app.rooms.queries import RoomQueries
from app.rooms.reader import RoomReader
from app.rooms.service import RoomService
from app.rooms.views import RoomMessageView
from tests.support.app import TestApp
from tests.support.users import principal_of
from tests.support.waiting import eventually

WRITERS = 12


async def person(app: TestApp, name: str = "ada") -> Principal:
    return await principal_of(app, await app.person(f"{name}@example.com"))


async def publish(app: TestApp, principal: Principal, message: str, room: str = "lobby") -> int:
    async with app.runtime.database.write() as session:
        return await RoomService(session, principal).publish(room, message)


async def messages(app: TestApp, room: int, after: int = 0) -> Sequence[RoomMessageView]:
    return await RoomQueries(app.runtime.database.reads).messages(room, after)


async def kinds(app: TestApp, room: int) -> list[tuple[str, str | None]]:
    return [(message.kind, message.text) for message in await messages(app, room)]


async def execute(app: TestApp, statement: str) -> None:
    async with app.runtime.database.write() as session:
        await session.execute(text(statement))


async def test_positions_of_a_room_have_no_gap_whoever_writes_at_once(concurrent_app: TestApp) -> None:
    ada = await person(concurrent_app)
    positions = await asyncio.gather(*(publish(concurrent_app, ada, str(number)) for number in range(WRITERS)))
    assert sorted(positions) == list(range(min(positions), min(positions) + WRITERS))
    assert await publish(concurrent_app, ada, "elsewhere", "other") >= min(positions)


async def test_a_user_joins_with_the_first_connection_and_leaves_with_the_last(test_app: TestApp) -> None:
    ada, presence = await person(test_app), Presence(test_app.runtime.database)
    first, second = uuid4(), uuid4()
    room = await presence.enter(ada, "lobby", first)
    await presence.enter(ada, "lobby", second)
    assert await RoomReader(test_app.runtime.database.reads, ada).present(room.id) == [ada.user_uid]
    await presence.leave(room.id, first)
    assert await kinds(test_app, room.id) == [("joined", None)]
    assert await RoomReader(test_app.runtime.database.reads, ada).present(room.id) == [ada.user_uid]
    await presence.leave(room.id, second)
    await presence.leave(room.id, second)
    assert await kinds(test_app, room.id) == [("joined", None), ("left", None)]
    assert await RoomReader(test_app.runtime.database.reads, ada).present(room.id) == []


async def test_a_process_that_dies_leaves_when_its_presence_expires(test_app: TestApp) -> None:
    ada, bob = await person(test_app), await person(test_app, "bob")
    dead, alive = Presence(test_app.runtime.database), Presence(test_app.runtime.database)
    room = await dead.enter(ada, "lobby", uuid4())
    await alive.enter(bob, "lobby", uuid4())
    await execute(test_app, "UPDATE room_presence SET expires_at = now() - interval '1 second'")
    await alive.renew()
    assert await kinds(test_app, room.id) == [("joined", None), ("joined", None), ("left", None)]
    assert (await messages(test_app, room.id))[-1].sender_uid == ada.user_uid
    assert await RoomReader(test_app.runtime.database.reads, bob).present(room.id) == [bob.user_uid]


async def test_presence_is_written_again_after_a_crash_of_the_server_emptied_the_table(test_app: TestApp) -> None:
    ada, presence, connection = await person(test_app), Presence(test_app.runtime.database), uuid4()
    room = await presence.enter(ada, "lobby", connection)
    await execute(test_app, "DELETE FROM room_presence")
    await presence.renew()
    assert await RoomReader(test_app.runtime.database.reads, ada).present(room.id) == [ada.user_uid]
    await presence.leave(room.id, connection)
    left = (await messages(test_app, room.id))[-1]
    assert (left.kind, left.sender_uid, left.sender_id) == ("left", ada.user_uid, ada.user_id)


async def test_a_feed_passes_every_message_on_once_and_in_order(concurrent_app: TestApp) -> None:
    ada = await person(concurrent_app)
    start = await publish(concurrent_app, ada, "before")
    (room,) = await rooms(concurrent_app)
    feed, received = RoomFeed(concurrent_app.runtime.database), list[RoomMessageView]()
    async with feed.running():
        with feed.subscribed(room, start, received.extend):
            await asyncio.gather(*(publish(concurrent_app, ada, str(number)) for number in range(WRITERS)))
            feed.nudge(str(room))

            async def complete() -> bool:
                return len(received) == WRITERS

            await eventually(complete)
            assert [message.position for message in received] == list(range(start + 1, start + WRITERS + 1))
            assert feed.position(room) == start + WRITERS


async def test_old_messages_are_deleted_and_raise_the_floor(test_app: TestApp) -> None:
    ada, housekeeping = await person(test_app), RoomHousekeeping(test_app.runtime.database, 24)
    last = [await publish(test_app, ada, str(number)) for number in range(2)][-1]
    await execute(test_app, "UPDATE room_messages SET created_at = created_at - interval '25 hours'")
    newest = await publish(test_app, ada, "new")
    assert await housekeeping.purge() == 2
    (room,) = await rooms(test_app)
    assert [message.position for message in await messages(test_app, room)] == [newest]
    state = await RoomQueries(test_app.runtime.database.reads).state(room)
    assert state is not None
    assert (state.floor, state.position) == (last, newest)


async def test_an_unused_room_is_deleted_and_a_new_one_continues_above_its_positions(test_app: TestApp) -> None:
    ada, presence = await person(test_app), Presence(test_app.runtime.database)
    old = await publish(test_app, ada, "old")
    visited = await presence.enter(ada, "visited", uuid4())
    await execute(test_app, "UPDATE room_messages SET created_at = created_at - interval '25 hours'")
    await execute(test_app, "UPDATE rooms SET changed_at = changed_at - interval '25 hours'")
    await RoomHousekeeping(test_app.runtime.database, 24).purge()
    assert await rooms(test_app) == [visited.id]
    assert await publish(test_app, ada, "again") > old


async def test_nobody_enters_or_writes_without_the_permission(test_app: TestApp) -> None:
    ada = await person(test_app)
    reader = Principal(ada.user_id, ada.user_uid, ada.roles, frozenset({"rooms:read"}))
    with pytest.raises(InsufficientPermissions):
        await publish(test_app, reader, "refused")
    with pytest.raises(Unauthenticated):
        await Presence(test_app.runtime.database).enter(anonymous(), "lobby", uuid4())
    nobody = Principal(ada.user_id, ada.user_uid, ada.roles, frozenset())
    with pytest.raises(InsufficientPermissions):
        await Presence(test_app.runtime.database).enter(nobody, "lobby", uuid4())
    with pytest.raises(InsufficientPermissions):
        await RoomReader(test_app.runtime.database.reads, nobody).present(1)
    assert await rooms(test_app) == []


async def rooms(app: TestApp) -> list[int]:
    async with app.runtime.database.write() as session:
        return list((await session.execute(text("SELECT id FROM rooms ORDER BY id"))).scalars())
