"""Events and messages that a version cannot render, and what its streams and rooms make of them."""

import asyncio
from typing import Any
from uuid import UUID

import orjson
from structlog.testing import capture_logs
from uuid_utils.compat import uuid7

from app.http.live.feed import FeedComponent
from app.http.rooms import RoomsComponent
from app.http.sockets.outbox import Outbox
from app.http.sockets.rooms import RoomSubscriptions
from app.kit.background import tasks_running
from tests.support.app import Person, TestApp
from tests.support.event_samples import PAYLOADS
from tests.support.streams import opened
from tests.support.users import principal_of
from tests.support.waiting import PATIENCE

INSERT = (
    "INSERT INTO events (uid, type, schema, subject_uid, subject_id, owner_uid, audience, payload, position)"
    " VALUES ($1, 'post.created', 2, $1, 1, $1, 'public', $2, $3)"
)
BROKEN, READABLE = "{}", orjson.dumps(PAYLOADS["post.created"]).decode()


def failures(test_app: TestApp, version: str) -> float:
    name, labels = "render_failures_total", {"api_version": version}
    return test_app.runtime.metrics.registry.get_sample_value(name, labels) or 0


def logged(lines: list[Any]) -> list[tuple[str, str]]:
    return [(line["api_version"], line["key"]) for line in lines if line["event"] == "not_rendered"]


async def add(test_app: TestApp, *payloads: str) -> list[UUID]:
    """Events behind the newest one, relayed."""
    uids = [uuid7() for _ in payloads]
    async with test_app.runtime.database.write() as session:
        driver = await session.driver()
        highest = await driver.fetchval("SELECT coalesce(max(position), 0) FROM events")
        for number, (uid, payload) in enumerate(zip(uids, payloads, strict=True), highest + 1):
            await driver.execute(INSERT, uid, payload, number)
    return uids


async def assert_stream_skips(app: TestApp, person: Person, version: str, path: str) -> None:
    """A stream goes on behind such an event, live and when it continues."""
    feed = app.runtime.get(FeedComponent).feed
    before = failures(app, version)
    with capture_logs() as lines:
        async with opened(app, path, person.headers) as client:
            await client.until("id: ")
            start = client.position
            broken, _ = await add(app, BROKEN, READABLE)
            await feed.step()
            await client.until("event: post.created")
        async with opened(app, path, person.headers | {"Last-Event-ID": start}) as again:
            await again.until("event: post.created")
    assert (
        [message.id for message in client.messages]
        == [message.id for message in again.messages]
        == [str(int(start) + 2)]
    )
    assert logged(lines) == [(version, str(broken))]
    assert failures(app, version) - before == 1


async def assert_room_skips(app: TestApp, person: Person, version: str, mapping: Any) -> None:
    """A room goes on behind a message of a kind that this release does not know, live and from the table."""
    runtime, principal = app.runtime, await principal_of(app, person)
    feed, outboxes = runtime.get(RoomsComponent).feed, [Outbox(), Outbox()]
    live, late = (RoomSubscriptions(runtime, box, version, mapping.message, mapping.reset) for box in outboxes)
    start = await live.subscribe(principal, "lobby", None)
    room = live.room("lobby")
    with capture_logs() as lines:
        async with tasks_running(live.run(), late.run()), asyncio.timeout(PATIENCE):
            assert "joined" in await outboxes[0].take()
            async with runtime.database.write() as session:
                driver = await session.driver()
                for number, kind in enumerate(("waved", "message"), start + 2):
                    await driver.execute(
                        "INSERT INTO room_messages (room_id, position, kind, sender_uid, sender_id, text, created_at)"
                        " VALUES ($1, $2, $3, $4, 1, 'Hello', now())",
                        room,
                        number,
                        kind,
                        uuid7(),
                    )
                await driver.execute("UPDATE rooms SET position = $1 WHERE id = $2", start + 3, room)
            await feed.step()
            assert "Hello" in await outboxes[0].take()
            await late.subscribe(principal, "lobby", start + 1)
            assert "Hello" in await outboxes[1].take()
    assert outboxes[0].empty
    assert outboxes[1].empty
    assert logged(lines) == [(version, str((room, start + 2)))]
