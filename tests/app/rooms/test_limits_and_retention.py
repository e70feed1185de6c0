"""What one read or one purge of rooms takes at most, and what a purge leaves."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from app.kit.clock import utc_now
from app.kit.db.sessions import WriteSession
from app.rooms import repository
from app.rooms.presence import Presence
from app.rooms.queries import PAGE, RoomQueries
from app.rooms.repository import RoomRepository
from app.rooms.schedules import schedules
from app.rooms.service import RoomService
from app.settings.rooms import RoomSettings
from tests.app.rooms.test_service import execute, kinds, messages, person, publish, rooms
from tests.support.app import TestApp
from tests.support.jobs import worker_resources
from tests.support.transactions import overlap, race

DAY = timedelta(days=1)
MESSAGES = (
    "INSERT INTO room_messages (room_id, position, kind, sender_uid, sender_id, text)"
    " SELECT id, position + n, 'message', gen_random_uuid(), n, '' FROM rooms, generate_series(1, PAGE) AS n"
).replace("PAGE", str(PAGE))
PRESENCE = (
    "INSERT INTO room_presence (room_id, connection, user_uid, user_id, expires_at)"
    " SELECT id, gen_random_uuid(), gen_random_uuid(), n, now() + interval '1 hour'"
    " FROM rooms, generate_series(1, MOST) AS n"
).replace("MOST", str(PAGE + 1))
AGED = "UPDATE room_messages SET created_at = created_at - CAST(replace(text, ' old', '') AS interval)"
UNUSED = "UPDATE rooms SET changed_at = changed_at - interval '25 hours'"


async def purge(app: TestApp) -> int:
    async with app.runtime.database.write() as session:
        return await RoomRepository(session).purge(utc_now() - DAY)


async def purge_rooms(app: TestApp) -> int:
    async with app.runtime.database.write() as session:
        return await RoomRepository(session).purge_rooms(utc_now() - DAY)


async def floor(app: TestApp, room: int) -> int:
    state = await RoomQueries(app.runtime.database.reads).state(room)
    assert state is not None
    return state.floor


async def test_a_read_has_a_page_at_most(test_app: TestApp) -> None:
    first = await publish(test_app, await person(test_app), "the first")
    (room,) = await rooms(test_app)
    await execute(test_app, MESSAGES)
    found = await messages(test_app, room)
    assert [message.position for message in found] == list(range(first, first + PAGE))
    await execute(test_app, PRESENCE)
    queries, now = RoomQueries(test_app.runtime.database.reads), utc_now()
    assert len(await queries.present(room, now)) == PAGE
    assert await queries.expired(now) == []
    assert len(await queries.expired(now + DAY)) == PAGE


async def test_a_purge_deletes_the_oldest_messages_in_batches_and_never_lowers_a_floor(
    test_app: TestApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clocks of two processes differ: the message with the higher position can be the older one."""
    ada = await person(test_app)
    low, high = [await publish(test_app, ada, str(number)) for number in range(2)]
    (room,) = await rooms(test_app)
    await execute(test_app, "UPDATE room_messages SET created_at = created_at - interval '25 hours'")
    of_high = "position = (SELECT max(position) FROM room_messages)"
    await execute(test_app, f"UPDATE room_messages SET created_at = created_at - interval '1 hour' WHERE {of_high}")  # noqa: S608 - a constant
    monkeypatch.setattr(repository, "BATCH", 1)
    floors = []
    for _ in range(2):
        assert await purge(test_app) == 1
        floors.append(await floor(test_app, room))
    assert floors == [high, high]
    assert low < high
    assert await messages(test_app, room) == []


async def test_a_purge_leaves_the_young_message_at_the_same_position_of_another_room(test_app: TestApp) -> None:
    ada = await person(test_app)
    for room in ("old", "young"):
        await publish(test_app, ada, room, room)
    old, young = await rooms(test_app)
    await execute(test_app, "UPDATE room_messages SET position = 7")
    aged = "UPDATE room_messages SET created_at = created_at - interval '25 hours' WHERE text = 'old'"
    await execute(test_app, aged)
    assert await purge(test_app) == 1
    assert (await kinds(test_app, old), await kinds(test_app, young)) == ([], [("message", "young")])


async def test_a_room_with_a_message_or_a_visitor_stays_and_others_are_deleted_in_batches(
    test_app: TestApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = await person(test_app)
    for room in ("written", "unused 1", "unused 2", "new"):
        await publish(test_app, ada, room, room)
    await execute(test_app, "DELETE FROM room_messages WHERE text <> 'written'")
    visited = (await Presence(test_app.runtime.database).enter(ada, "visited", uuid4())).id
    await execute(test_app, f"DELETE FROM room_messages WHERE room_id = {visited}")  # noqa: S608 - of this test
    written, _, _, new, _ = await rooms(test_app)
    await execute(test_app, f"{UNUSED} WHERE id <> {new}")
    monkeypatch.setattr(repository, "BATCH", 1)
    assert [await purge_rooms(test_app) for _ in range(3)] == [1, 1, 0]
    assert await rooms(test_app) == [written, new, visited]


async def test_a_room_that_is_used_again_meanwhile_is_not_deleted(concurrent_app: TestApp) -> None:
    ada = await person(concurrent_app)
    await publish(concurrent_app, ada, "old")
    await execute(concurrent_app, "DELETE FROM room_messages")
    await execute(concurrent_app, UNUSED)

    async def write(session: WriteSession) -> int:
        return await RoomService(session, ada).publish("lobby", "new")

    async def delete(session: WriteSession) -> int:
        return await RoomRepository(session).purge_rooms(utc_now() - DAY)

    _, deleted = await overlap(concurrent_app, write, delete)
    assert deleted == 0
    (room,) = await rooms(concurrent_app)
    assert await kinds(concurrent_app, room) == [("message", "new")]


async def test_the_last_connections_that_leave_at_once_are_one_departure(concurrent_app: TestApp) -> None:
    ada, presence = await person(concurrent_app), Presence(concurrent_app.runtime.database)
    connections = [uuid4() for _ in range(3)]
    for connection in connections:
        room = await presence.enter(ada, "lobby", connection)
    await race(concurrent_app, *(asyncio.ensure_future(presence.leave(room.id, each)) for each in connections))
    assert await kinds(concurrent_app, room.id) == [("joined", None), ("left", None)]


async def test_the_schedule_keeps_messages_as_long_as_the_setting_says(concurrent_app: TestApp) -> None:
    ada = await person(concurrent_app)
    for age in (11, 9):
        await publish(concurrent_app, ada, f"{age} hours old")
    await execute(concurrent_app, AGED)
    (schedule,) = schedules(worker_resources(concurrent_app, RoomSettings(retention_hours=10)))
    await schedule.run()
    (room,) = await rooms(concurrent_app)
    assert await kinds(concurrent_app, room) == [("message", "9 hours old")]
