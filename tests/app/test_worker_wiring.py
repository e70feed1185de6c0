"""What the worker connects: its settings, its loops, and the nudges of other processes."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pgqueuer import PgQueuer

from app import worker
from app.events import work
from app.events.recorder import EventRecorder, Subject
from app.events.stored import StoredEvent
from app.jobs.events import JobCreated
from app.kit.db.sessions import WriteSession
from app.kit.queue.executor import Execution
from app.kit.queue.runner import APPLICATION_NAME, RunnerSettings
from app.settings.loading import load_settings
from app.settings.root import Settings
from observability.metrics.metrics import Metrics
from tests.support.app import TestApp
from tests.support.transactions import database_of, dsn_of
from tests.support.waiting import PATIENCE, eventually

NEVER = 3600.0


class Runner:
    """In place of that of the queue: runs no job, and remembers its settings."""

    settings: RunnerSettings
    started: asyncio.Event

    def __init__(self, settings: RunnerSettings, _register: Callable[[PgQueuer], None], _metrics: object) -> None:
        type(self).settings = settings

    async def run(self, stop: asyncio.Event) -> None:
        type(self).started.set()
        await stop.wait()


@pytest.fixture
def of_worker(concurrent_app: TestApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    Runner.started = asyncio.Event()
    monkeypatch.setattr(worker, "QueueRunner", Runner)
    return load_settings(
        home=tmp_path,
        database={"url": dsn_of(concurrent_app), "connect_timeout": 3, "statement_timeout": 7},
        worker={
            "heartbeat": 11,
            "concurrency": 13,
            "shutdown_timeout": 17,
            "max_attempts": 5,
            "first_delay": 0.5,
            "max_delay": 19,
        },
    )


@asynccontextmanager
async def working(settings: Settings) -> AsyncIterator[None]:
    stop = asyncio.Event()
    running = asyncio.create_task(worker.run(settings, stop, Metrics()))
    started = asyncio.create_task(Runner.started.wait())
    await asyncio.wait({running, started}, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
    assert started.done()
    yield
    stop.set()
    await asyncio.wait_for(running, PATIENCE)


async def test_each_setting_reaches_what_it_is_for(of_worker: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {}
    supervised = worker.supervised

    def recorded(jobs: Any, stop: asyncio.Event, grace: float) -> AbstractAsyncContextManager[None]:
        given["grace"] = grace
        return supervised(jobs, stop, grace)

    job_execution = worker.job_execution

    def execution(*arguments: Any) -> Execution:
        given["retries"] = job_execution(*arguments).retries
        return job_execution(*arguments)

    monkeypatch.setattr(worker, "supervised", recorded)
    monkeypatch.setattr(worker, "job_execution", execution)
    async with working(of_worker):
        found = Runner.settings
    assert (found.connect_timeout, found.statement_timeout) == (3, 7)
    assert (found.heartbeat, found.concurrency, given["grace"]) == (11, 13, 17)
    retries = given["retries"]
    assert (retries.max_attempts, retries.first_delay, retries.max_delay) == (5, 0.5, 19)


async def test_the_loops_of_features_run_beside_the_jobs(of_worker: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []

    @asynccontextmanager
    async def loop(name: str) -> AsyncIterator[None]:
        steps.append(f"{name} starts")
        yield
        steps.append(f"{name} ends")

    monkeypatch.setattr(worker, "worker_loops", lambda *_: [loop("a"), loop("b")])
    async with working(of_worker):
        assert steps == ["a starts", "b starts"]
    assert steps[2:] == ["b ends", "a ends"]


async def test_a_worker_hears_of_events_that_other_processes_commit(
    concurrent_app: TestApp, of_worker: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    handled: list[str] = []

    class Collector:
        name = "test.collector"

        async def handle(self, _session: WriteSession, events: Sequence[StoredEvent]) -> None:
            handled.extend(event.type for event in events)

    monkeypatch.setattr(work, "_POLL_SECONDS", NEVER)
    monkeypatch.setattr(worker, "event_consumers", lambda _resources: [Collector()])
    database, person = database_of(concurrent_app), await concurrent_app.person("ada@example.com")

    async def ready() -> bool:
        async with database.write() as session:
            driver = await session.driver()
            return bool(await driver.fetchval("SELECT count(*) FROM event_consumers WHERE name = 'test.collector'"))

    async with working(of_worker):
        await eventually(ready)
        async with database.write() as session:
            named = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1"
            workers = await (await session.driver()).fetchval(named, APPLICATION_NAME)
        assert workers == 0, "only the connection to the queue counts as a worker"
        for number in (1, 2):
            async with database.write() as session:
                subject = Subject(person.user.uid, person.user.uid)
                EventRecorder(session).record(JobCreated(subject=subject, kind="email"))

            async def came(expected: int = number) -> bool:
                return handled.count("job.created") == expected

            await eventually(came)


async def test_maintenance_begins_with_the_worker(concurrent_app: TestApp, monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs that were lost while no worker ran do not wait for a minute."""
    assert worker._MAINTENANCE_SECONDS <= 60
    looked = asyncio.Event()

    async def requeue(_database: object) -> int:
        looked.set()
        return 0

    monkeypatch.setattr(worker, "_MAINTENANCE_SECONDS", NEVER)
    monkeypatch.setattr(worker, "requeue_lost_jobs", requeue)
    async with worker._maintained([], database_of(concurrent_app)):
        await asyncio.wait_for(looked.wait(), PATIENCE)
