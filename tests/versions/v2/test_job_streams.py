"""Streams of jobs in v2: they follow a job to its end, continue, and end as other streams do."""

import json
from dataclasses import replace
from typing import cast
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from app.access.principal import Role
from app.http.live.connections import LiveConnections, Place
from app.http.live.job_stream import JobFeedComponent, JobStream
from app.http.live.metrics import STREAM
from app.jobs.queries import JobQueries
from app.jobs.views import JobView
from app.kit.clock import utc_now
from app.settings.realtime import RealtimeSettings
from tests.support.app import Person, TestApp
from tests.support.jobs import execute
from tests.support.streams import StreamClient, opened
from tests.support.users import principal_of
from versions.kit.typeid import decode

RUNNING = "status = 'running', run = gen_random_uuid(), started_at = now(), attempt = 1"
SUCCEEDED = "status = 'succeeded', finished_at = now(), done = 4, total = 4"


class Stage:
    """A job of a user, whose changes the streams of the process see."""

    def __init__(self, test_app: TestApp, person: Person) -> None:
        self.test_app = test_app
        self.person = person
        self.url = ""
        self.feed = test_app.runtime.get(JobFeedComponent).feed

    async def request(self) -> None:
        mail = {"type": "email", "params": {"subject": "Done", "text": "It is done."}}
        made = await self.test_app.client(self.person.headers).post("/api/v2/jobs", json=mail)
        self.url = made.headers["Location"]

    async def change(self, assignment: str) -> None:
        await execute(self.test_app, f"UPDATE jobs SET revision = revision + 1, {assignment}")  # noqa: S608 - constants
        await self.feed.look()

    @property
    def headers(self) -> dict[str, str]:
        return self.person.headers

    @property
    def uid(self) -> UUID:
        return decode("job", self.url.rpartition("/")[2])

    async def shown(self) -> object:
        return (await self.test_app.client(self.headers).get(self.url)).json()


def use(test_app: TestApp, group: RealtimeSettings) -> None:
    object.__setattr__(test_app.runtime, "settings", test_app.runtime.settings.with_groups(group))


def states(client: StreamClient) -> list[tuple[str, str, str]]:
    """Event, id and status of each message about the job."""
    return [
        (one.event, one.id, json.loads(one.data)["status"])
        for one in client.messages
        if one.event in {"progress", "finished"}
    ]


@pytest.fixture
async def stage(concurrent_app: TestApp) -> Stage:
    use(concurrent_app, RealtimeSettings(max_connection_seconds=3600, heartbeat_seconds=3600))
    stage = Stage(concurrent_app, await concurrent_app.person("ada@example.com", Role.AUTHOR))
    await stage.request()
    return stage


async def test_a_stream_follows_a_job_to_its_end(stage: Stage) -> None:
    async with opened(stage.test_app, f"{stage.url}/events", stage.headers) as client:
        await client.until("id: 1\n")
        await stage.feed.look()
        await stage.change(RUNNING)
        await client.until("id: 2\n")
        await stage.change("done = 1, total = 4, message = 'one of four'")
        await client.until("id: 3\n")
        await stage.change(SUCCEEDED)
        await client.ended.wait()
    assert states(client) == [
        ("progress", "1", "queued"),
        ("progress", "2", "running"),
        ("progress", "3", "running"),
        ("finished", "4", "succeeded"),
    ]
    assert json.loads(client.messages[2].data)["progress"] == {"done": 1, "total": 4, "percent": 25}
    assert json.loads(client.messages[3].data) == await stage.shown()
    assert client.messages[-1].data == '{"reason":"finished"}'
    assert (client.headers["content-type"], client.headers["cache-control"]) == (
        "text/event-stream; charset=utf-8",
        "no-store",
    )
    assert len(stage.test_app.runtime.get(LiveConnections)) == 0


async def test_a_client_that_connects_again_receives_the_state_only_if_it_is_new(stage: Stage) -> None:
    again = stage.headers | {"Last-Event-ID": "1"}
    async with opened(stage.test_app, f"{stage.url}/events", again) as client:
        await stage.change(RUNNING)
        await client.until("id: 2\n")
    assert [one[1] for one in states(client)] == ["2"]
    await stage.change("done = 1")
    await stage.change(SUCCEEDED)
    async with opened(stage.test_app, f"{stage.url}/events", again) as client:
        await client.ended.wait()
    assert states(client) == [("finished", "4", "succeeded")]
    last = await stage.test_app.client(stage.headers | {"Last-Event-ID": "4"}).get(f"{stage.url}/events")
    assert (last.status_code, last.content) == (204, b""), "an EventSource stops"


@pytest.mark.parametrize("given", ["9", "x", ""])
async def test_a_client_with_another_position_receives_the_state(stage: Stage, given: str) -> None:
    async with opened(stage.test_app, f"{stage.url}/events", stage.headers | {"Last-Event-ID": given}) as client:
        await client.until("id: 1\n")
    assert states(client) == [("progress", "1", "queued")]


async def test_a_slow_client_receives_the_newest_state(stage: Stage) -> None:
    await stage.change(RUNNING)
    async with opened(stage.test_app, f"{stage.url}/events", stage.headers) as client:
        await client.until("id: 2\n")
        client.reading.clear()
        for done in range(300):
            await stage.change(f"done = {done}")
        client.reading.set()
        await client.until("id: 302\n")
    assert len(states(client)) <= 3, "the first, one that was being sent, and the newest"


async def test_a_stream_ends_with_a_job_that_is_deleted(stage: Stage) -> None:
    async with opened(stage.test_app, f"{stage.url}/events", stage.headers) as client:
        await client.until("id: 1\n")
        await execute(stage.test_app, "DELETE FROM jobs")
        await stage.feed.look()
        await client.ended.wait()
    assert client.messages[-1].data == '{"reason":"deleted"}'


async def test_streams_of_jobs_count_and_end_as_others(stage: Stage) -> None:
    connections = stage.test_app.runtime.get(LiveConnections)
    use(stage.test_app, RealtimeSettings(max_connection_seconds=3600, heartbeat_seconds=0.01))
    async with opened(stage.test_app, f"{stage.url}/events", stage.headers) as client:
        await client.until("\n:\n")
        assert len(connections) == 1
        connections.drain()
        await client.ended.wait()
    assert client.messages[-1].data == '{"reason":"service_restart"}'
    refused = await stage.test_app.client(stage.headers).get(f"{stage.url}/events")
    assert (refused.status_code, refused.json()["code"]) == (503, "connections_exhausted")


async def test_several_streams_of_a_job_read_it_once(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[UUID] = []
    read = JobQueries.job

    async def counted(queries: JobQueries, uid: UUID) -> object:
        reads.append(uid)
        return await read(queries, uid)

    path = f"{stage.url}/events"
    async with opened(stage.test_app, path, stage.headers) as one, opened(stage.test_app, path, stage.headers) as two:
        for client in (one, two):
            await client.until("id: 1\n")
        monkeypatch.setattr(JobQueries, "job", counted)
        await stage.change(RUNNING)
        for client in (one, two):
            await client.until("id: 2\n")
    assert reads == [stage.uid]
    await stage.feed.look()
    assert reads == [stage.uid], "nobody watches"


async def test_a_job_of_another_user_is_not_streamed(stage: Stage) -> None:
    bob = await stage.test_app.person("bob@example.com", Role.ADMIN)
    response = await stage.test_app.client(bob.headers).get(f"{stage.url}/events")
    assert (response.status_code, response.json()["code"]) == (404, "job_not_found")


async def test_a_state_that_cannot_be_rendered_is_skipped(stage: Stage) -> None:
    """The feed offers the states of other jobs in the same loop."""
    runtime = stage.test_app.runtime
    job = await JobQueries(runtime.database.reads).job(stage.uid)
    assert job is not None
    place = Place("v2", STREAM, await principal_of(stage.test_app, stage.person), None)

    def encode(view: JobView) -> bytes:
        return b"state" if view.revision == 9 else cast("bytes", {}[view.status])

    stream = JobStream(runtime, place, job, encode, None)
    with capture_logs() as lines:
        stream.offer(job)
        stream.offer(replace(job, revision=9, finished_at=utc_now()))
    assert list(stream._queue) == [b"id: 9\nevent: finished\ndata: state\n\n"]
    assert [line["event"] for line in lines] == ["not_rendered"]
