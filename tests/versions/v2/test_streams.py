"""Streams of v2: nothing is lost or repeated, whatever ends a stream says why, and its request ends at its begin."""

import json
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from app.access.principal import Role
from app.http.live.connections import LiveConnections
from app.http.live.feed import FeedComponent
from app.http.middleware.load_shedding import Capacity
from app.settings.realtime import RealtimeSettings
from tests.support.app import Person, TestApp
from tests.support.streams import opened

PATH = "/api/v2/stream"
INSERT = (
    "INSERT INTO events (uid, type, schema, subject_uid, owner_uid, audience, payload, position)"
    " VALUES ($1, 'hold.resolved', 1, $1, $2, $3, '{\"outcome\": \"captured\"}', $4)"
)


class Stage:
    """Relays events, and passes them to the streams of the process."""

    def __init__(self, test_app: TestApp, person: Person) -> None:
        self.test_app = test_app
        self.person = person
        self.feed = test_app.runtime.get(FeedComponent).feed

    async def relay(self, *positions: int, audience: str = "public", owner: UUID | None = None) -> None:
        async with self.test_app.runtime.database.write() as session:
            driver = await session.driver()
            for position in positions:
                await driver.execute(INSERT, uuid7(), owner, audience, position)
        await self.feed.step()

    def metric(self, name: str, **labels: str) -> float:
        return self.test_app.runtime.metrics.registry.get_sample_value(name, labels) or 0


def use(test_app: TestApp, group: RealtimeSettings) -> None:
    settings = test_app.runtime.settings.with_groups(group)
    object.__setattr__(test_app.runtime, "settings", settings)


@pytest.fixture
async def stage(concurrent_app: TestApp) -> Stage:
    use(concurrent_app, RealtimeSettings(max_connection_seconds=3600, heartbeat_seconds=3600))
    return Stage(concurrent_app, await concurrent_app.person("ada@example.com", Role.AUTHOR))


def ids(client: object) -> list[int]:
    return [int(message.id) for message in client.messages if message.event == "hold.resolved"]  # type: ignore[attr-defined]  # a StreamClient


async def test_events_arrive_as_they_are_listed(stage: Stage) -> None:
    async with opened(stage.test_app, PATH, stage.person.headers) as client:
        await client.until("id: ")
        await stage.relay(1001, 1002)
        await client.until("id: 1002")
    listed = (await stage.test_app.client(stage.person.headers).get("/api/v2/events")).json()["data"]
    assert [json.loads(message.data) for message in client.messages] == listed[-2:]
    assert (client.status, client.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    assert (client.headers["cache-control"], client.headers["x-accel-buffering"]) == ("no-store", "no")


async def test_a_stream_continues_after_the_last_event_of_the_client(stage: Stage) -> None:
    await stage.relay(*range(1001, 1601))
    async with opened(stage.test_app, PATH, stage.person.headers | {"Last-Event-ID": "1003"}) as client:
        await client.until("id: 1600\n")
        await stage.relay(1601)
        await client.until("id: 1601\n")
    assert ids(client) == list(range(1004, 1602))


async def test_events_of_others_are_not_streamed(stage: Stage) -> None:
    async with opened(stage.test_app, PATH, stage.person.headers) as client:
        await client.until("id: ")
        await stage.relay(1001, audience="owner", owner=uuid7())
        await stage.relay(1002, audience="admin", owner=stage.person.user.uid)
        await stage.relay(1003, audience="owner", owner=stage.person.user.uid)
        await client.until("id: 1003")
    assert ids(client) == [1003]


async def test_a_stream_of_some_types_has_no_others(stage: Stage) -> None:
    async with opened(stage.test_app, f"{PATH}?types=post.created", stage.person.headers) as client:
        await client.until("id: ")
        await stage.relay(1001)
        stage.test_app.runtime.get(LiveConnections).drain()
        await client.ended.wait()
    assert [message.event for message in client.messages] == ["bye"]


@pytest.mark.parametrize("given", ["999", "9999", "-1", "x", "", "9" * 30])
async def test_a_position_that_is_not_kept_is_told(stage: Stage, given: str) -> None:
    async with stage.test_app.runtime.database.write() as session:
        await (await session.driver()).execute("DELETE FROM events")
    await stage.relay(1001, 1002)
    async with opened(stage.test_app, PATH, stage.person.headers | {"Last-Event-ID": given}) as client:
        await client.until("event: reset")
        await stage.relay(1003)
        await client.until("id: 1003")
    assert [(m.event, m.id) for m in client.messages] == [("reset", "1002"), ("hold.resolved", "1003")]
    assert json.loads(client.messages[0].data) == {"position": "1002"}
    assert stage.metric("realtime_resets_total", reason="deleted") == 1


async def test_a_client_that_has_the_position_before_the_lowest_one_has_lost_nothing(stage: Stage) -> None:
    async with stage.test_app.runtime.database.write() as session:
        await (await session.driver()).execute("DELETE FROM events")
    await stage.relay(1001, 1002)
    async with opened(stage.test_app, PATH, stage.person.headers | {"Last-Event-ID": "1000"}) as client:
        await client.until("id: 1002")
    assert ids(client) == [1001, 1002]


async def test_a_slow_client_is_told_what_it_lost(stage: Stage) -> None:
    async with opened(stage.test_app, PATH, stage.person.headers) as client:
        await client.until("id: ")
        client.reading.clear()
        await stage.relay(*range(2001, 2400))
        client.reading.set()
        await client.until("id: 2399\n")
    events = [(message.event, message.id) for message in client.messages]
    assert ("reset", "2256") in events or ("reset", "2257") in events
    assert len(events) < 399
    assert stage.metric("realtime_resets_total", reason="slow_client") == 1


async def test_the_end_of_the_process_is_told(stage: Stage) -> None:
    live = stage.test_app.runtime.get(LiveConnections)
    async with opened(stage.test_app, PATH, stage.person.headers) as client:
        assert stage.metric("realtime_connections", api_version="v2", channel="stream") == 1
        live.drain()
        await client.ended.wait()
    assert client.messages[-1].data == '{"reason":"service_restart"}'
    assert client.text.count("retry: ") == 2
    assert len(live) == 0
    refused = await stage.test_app.client(stage.person.headers).get(PATH)
    assert refused.status_code == 503


async def test_a_revoked_key_ends_its_streams(stage: Stage) -> None:
    async with opened(stage.test_app, PATH, stage.person.headers) as client:
        async with stage.test_app.runtime.database.write() as session:
            await (await session.driver()).execute(
                "INSERT INTO events (uid, type, schema, subject_uid, audience, payload, position)"
                " VALUES ($1, 'api_key.revoked', 1, $2, 'owner', '{}', 5000)",
                uuid7(),
                stage.person.key_uid,
            )
        await stage.feed.step()
        await client.ended.wait()
    assert client.messages[-1].data == '{"reason":"authorization_ended"}'


async def test_a_stream_ends_after_its_time(stage: Stage) -> None:
    use(stage.test_app, RealtimeSettings(max_connection_seconds=0.05, heartbeat_seconds=3600))
    async with opened(stage.test_app, PATH, stage.person.headers) as client:
        await client.ended.wait()
    assert client.messages[-1].data == '{"reason":"max_age"}'


async def test_a_heartbeat_moves_the_position_of_the_client(stage: Stage) -> None:
    use(stage.test_app, RealtimeSettings(max_connection_seconds=3600, heartbeat_seconds=0.01))
    async with opened(stage.test_app, PATH, stage.person.headers) as client:
        await client.until(":\nid: ")


async def test_both_versions_stream_the_same_events(stage: Stage) -> None:
    """Their ids and positions are one sequence, so a client of v1 continues in v2."""
    async with stage.test_app.runtime.database.write() as session:
        driver = await session.driver()
        names = ("hold.resolved", "webhook_endpoint.tested", "hold.resolved", "webhook_endpoint.tested")
        for position, name in enumerate(names, 1000):
            await driver.execute(INSERT.replace("hold.resolved", name), uuid7(), None, "public", position)
    await stage.feed.step()
    found = {}
    for path in (PATH, "/api/v1/events"):
        async with opened(stage.test_app, path, stage.person.headers | {"Last-Event-ID": "1000"}) as client:
            await client.until("id: 1003")
            labels = {"api_version": path.split("/")[2], "channel": "stream"}
            assert stage.metric("realtime_connections", **labels) == 1
        found[path] = [(message.id, message.event) for message in client.messages]
        versions = {json.loads(message.data)["api_version"] for message in client.messages}
        assert versions == {path.split("/")[2]}
    assert found["/api/v1/events"] == [("1001", "webhook_endpoint.tested"), ("1003", "webhook_endpoint.tested")]
    assert set(found["/api/v1/events"]) < set(found[PATH]), "v1 does not know events of holds"


async def test_streams_have_a_capacity_of_their_own(stage: Stage) -> None:
    capacity = stage.test_app.runtime.get(Capacity)
    async with opened(stage.test_app, PATH, stage.person.headers):
        assert capacity.in_use == 0
    assert capacity.in_use == 0


async def test_a_browser_that_connects_again_is_refused_without_an_error(stage: Stage) -> None:
    stage.test_app.runtime.get(LiveConnections).drain()
    again = stage.person.headers | {"Last-Event-ID": "1", "Accept": "text/event-stream"}
    response = await stage.test_app.client(again).get(PATH)
    assert response.status_code == 200
    assert 30_000 <= int(response.text.removeprefix("retry: ")) < 60_000
    assert (await stage.test_app.client(stage.person.headers).get(PATH)).status_code == 503


async def test_a_head_request_ends(stage: Stage) -> None:
    response = await stage.test_app.client(stage.person.headers).head(PATH)
    assert (response.status_code, response.content) == (200, b"")
