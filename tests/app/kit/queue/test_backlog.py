"""The metrics of the queue are true, and are measured again after every error."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from functools import partial
from typing import Any, cast

import asyncpg
import pytest
from prometheus_client import generate_latest
from structlog.testing import capture_logs

from app.auth.job_names import JOBS, SEND_ALREADY_REGISTERED, SEND_TOKEN
from app.errors import Unavailable
from app.kit.db.sessions import ReadSession
from app.kit.queue import backlog
from app.kit.queue.backlog import Backlog
from app.kit.queue.job_queue import JobQueue
from app.kit.queue.metrics import QueueMetrics
from app.kit.queue.runner import APPLICATION_NAME
from observability.metrics.metrics import Metrics
from tests.support.app import TestApp
from tests.support.transactions import dsn_of, owner_of
from tests.support.waiting import eventually

NAMES = [kind.name for kind in JOBS]
SECONDS = 60
HOUR = 3600


def samples(metrics: Metrics) -> dict[str, float]:
    lines = generate_latest(metrics.registry).decode().splitlines()
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if line.startswith("job_")}


async def measured(test_app: TestApp, metrics: Metrics | None = None) -> dict[str, float]:
    metrics = metrics or Metrics()
    await Backlog(test_app.runtime.database.reads, metrics.group(QueueMetrics), NAMES).update()
    return samples(metrics)


@pytest.fixture
async def connection(concurrent_app: TestApp) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    connection = await asyncpg.connect(dsn_of(concurrent_app))
    yield connection
    await connection.close()


async def test_the_depth_and_the_age_of_each_job(
    concurrent_app: TestApp, connection: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    assert await measured(concurrent_app) == {
        **{f'job_queue_depth{{kind="{name}"}}': 0 for name in NAMES},
        **{f'job_queue_oldest_seconds{{kind="{name}"}}': 0 for name in NAMES},
        "job_workers": 0,
    }
    async with concurrent_app.runtime.database.write() as session:
        for _ in range(4):
            await JobQueue(session).enqueue(SEND_TOKEN, {})
        await JobQueue(session).enqueue(SEND_ALREADY_REGISTERED, {})
    first, second, *rest = await connection.fetch(
        "SELECT id FROM pgqueuer WHERE entrypoint = $1 ORDER BY id", SEND_TOKEN.name
    )
    await connection.execute(
        "UPDATE pgqueuer SET execute_after = now() - interval '2 hours' WHERE id = $1", first["id"]
    )
    await connection.execute(
        "UPDATE pgqueuer SET execute_after = now() - interval '1 hour' WHERE id = $1", second["id"]
    )
    # A job in progress does not wait.
    await connection.execute("UPDATE pgqueuer SET status = 'picked' WHERE id = $1", rest[0]["id"])
    # A retry that is not due yet.
    await connection.execute(
        "UPDATE pgqueuer SET execute_after = now() + interval '1 hour' WHERE entrypoint = $1",
        SEND_ALREADY_REGISTERED.name,
    )
    found = await measured(concurrent_app)
    assert found[f'job_queue_depth{{kind="{SEND_TOKEN.name}"}}'] == 3
    assert 2 * HOUR <= found[f'job_queue_oldest_seconds{{kind="{SEND_TOKEN.name}"}}'] < 2 * HOUR + SECONDS
    assert found[f'job_queue_depth{{kind="{SEND_ALREADY_REGISTERED.name}"}}'] == 1
    assert found[f'job_queue_oldest_seconds{{kind="{SEND_ALREADY_REGISTERED.name}"}}'] == 0
    await connection.execute("DELETE FROM pgqueuer")
    assert (await measured(concurrent_app))[f'job_queue_depth{{kind="{SEND_TOKEN.name}"}}'] == 0


async def test_failures_of_the_last_hour_and_the_last_success_of_each_schedule(
    concurrent_app: TestApp, connection: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    for status, age in (
        ("failed", "30 minutes"),
        ("failed", "50 minutes"),
        ("failed", "2 hours"),
        ("cancelled", "1 s"),
    ):
        await connection.execute(
            "INSERT INTO jobs (uid, kind, params, status, run_after, created_at, finished_at)"
            " VALUES (gen_random_uuid(), $1, '{}', $2, now(), now(), now() - $3::text::interval)",
            SEND_TOKEN.name,
            status,
            age,
        )
    await connection.execute(
        "INSERT INTO schedule_runs (name, period, registered_at, succeeded_at)"
        " VALUES ('new', 60, to_timestamp(1000), NULL), ('old', 3600, to_timestamp(1000), to_timestamp(5000))"
    )
    metrics = Metrics()
    await Backlog(concurrent_app.runtime.database.reads, QueueMetrics(metrics), NAMES).update()

    def value(name: str, **labels: str) -> float | None:
        return metrics.registry.get_sample_value(name, labels)

    assert value("jobs_failed_last_hour", kind=SEND_TOKEN.name) == 2
    assert value("jobs_failed_last_hour", kind=SEND_ALREADY_REGISTERED.name) == 0
    assert [value("cron_last_success_timestamp", schedule=name) for name in ("new", "old")] == [1000, 5000]
    assert [value("cron_period_seconds", schedule=name) for name in ("new", "old")] == [60, 3600]


async def test_what_has_ended_is_measured_no_longer(
    concurrent_app: TestApp, connection: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    """Not only by a process that starts afterwards."""
    async with concurrent_app.runtime.database.write() as session:
        await JobQueue(session).enqueue(SEND_TOKEN, {})
    await connection.execute("UPDATE pgqueuer SET execute_after = now() - interval '1 hour'")
    await connection.execute("UPDATE jobs SET status = 'failed', finished_at = now()")
    metrics, kind = Metrics(), {"kind": SEND_TOKEN.name}
    names = ("job_queue_depth", "job_queue_oldest_seconds", "jobs_failed_last_hour")
    await measured(concurrent_app, metrics)
    assert all(metrics.registry.get_sample_value(name, kind) for name in names)
    await connection.execute("DELETE FROM pgqueuer; DELETE FROM jobs")
    await measured(concurrent_app, metrics)
    assert [metrics.registry.get_sample_value(name, kind) for name in names] == [0, 0, 0]


async def test_only_workers_of_this_database_count(concurrent_app: TestApp, admin_dsn: str) -> None:
    named = {"application_name": APPLICATION_NAME}
    here = [await asyncpg.connect(dsn_of(concurrent_app), server_settings=named) for _ in range(2)]
    elsewhere = await asyncpg.connect(admin_dsn, server_settings=named)
    for one in (*here, elsewhere):
        await one.execute("SELECT 1")
    assert (await measured(concurrent_app))["job_workers"] == 2
    await here[0].close()

    async def gone() -> bool:
        return (await measured(concurrent_app))["job_workers"] == 1

    # The server notices the end of a session a moment later.
    await eventually(gone)
    for one in (here[1], elsewhere):
        await one.close()


class FailingReads:
    """Raises an outage, then a defect, and then measures."""

    def __init__(self, reads: ReadSession) -> None:
        self._reads = reads
        self._errors: list[Exception] = [Unavailable(), ValueError("a defect"), Unavailable()]

    async def all(self, *arguments: Any, **values: Any) -> Any:
        if self._errors:
            raise self._errors.pop(0)
        return await self._reads.all(*arguments, **values)

    async def scalar(self, *arguments: Any) -> Any:
        return await self._reads.scalar(*arguments)


async def test_the_measurement_continues_after_errors(concurrent_app: TestApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "_SECONDS", 0.001)
    metrics = Metrics()
    reads = cast("ReadSession", FailingReads(concurrent_app.runtime.database.reads))

    async def measured_depth(expected: int) -> bool:
        return samples(metrics).get(f'job_queue_depth{{kind="{SEND_TOKEN.name}"}}') == expected

    with capture_logs() as lines:
        task = asyncio.create_task(Backlog(reads, QueueMetrics(metrics), NAMES).run())
        await eventually(partial(measured_depth, 0))
        async with concurrent_app.runtime.database.write() as session:
            await JobQueue(session).enqueue(SEND_TOKEN, {})
        await eventually(partial(measured_depth, 1))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert [(line["event"], line["log_level"]) for line in lines] == [
        ("queue_not_measured", "warning"),
        ("queue_not_measured", "error"),
        ("queue_not_measured", "warning"),
    ]


async def test_the_first_measurement_is_at_the_start(concurrent_app: TestApp, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not after the first pause: an alert needs the value of a process that was just started, too."""
    assert backlog._SECONDS <= 5
    monkeypatch.setattr(backlog, "_SECONDS", HOUR)
    metrics = Metrics()
    task = asyncio.create_task(Backlog(concurrent_app.runtime.database.reads, QueueMetrics(metrics), JOBS).run())

    async def exposed() -> bool:
        return f'job_queue_depth{{kind="{SEND_TOKEN}"}}' in samples(metrics)

    await eventually(exposed)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


class OneConnection:
    """Executes every read on one connection."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def acquire(self, _operation: str = "select") -> Any:
        return contextlib.nullcontext(self._connection)


async def test_a_worker_counts_for_fifteen_seconds_after_its_last_poll(concurrent_app: TestApp) -> None:
    """A view of the same name stands for the sessions of the server, whose times no test can wait for."""
    async with owner_of(concurrent_app.runtime.database) as owner:
        await owner.execute("CREATE SCHEMA sessions")
        await owner.execute("SET search_path = sessions, pg_catalog, public")
        await owner.execute(
            "CREATE TABLE sessions.pg_stat_activity AS SELECT * FROM (VALUES"
            " (current_database()::text, 'strata worker', now() - interval '14 seconds'),"
            " (current_database()::text, 'strata worker', now() - interval '20 seconds'),"
            " (current_database()::text, 'strata', now()),"
            " ('another', 'strata worker', now())) AS found (datname, application_name, state_change)"
        )
        metrics = Metrics()
        await Backlog(ReadSession(OneConnection(owner)), QueueMetrics(metrics), JOBS).update()
    assert samples(metrics)["job_workers"] == 1
