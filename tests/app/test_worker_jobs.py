"""A job of the worker is counted by outcome, runs as often as the settings say, and is held after its last attempt."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, nullcontext
from time import perf_counter
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from pgqueuer import PgQueuer
from prometheus_client import generate_latest
from structlog.testing import capture_logs

from app.kit.queue import executor, job_queue, runner
from app.kit.queue.job_queue import JobQueue
from app.kit.queue.kinds import JobKind, JobRun
from app.kit.queue.metrics import JobMetrics
from app.kit.queue.runner import QueueRunner, RunnerSettings
from app.settings.worker import WorkerSettings
from app.wiring import tracing_config
from app.worker import add_jobs, job_execution, supervised
from observability.metrics.metrics import Metrics
from observability.tracing.jobs import JobSpan
from observability.tracing.tracer import Tracing
from tests.support.app import TestApp
from tests.support.postgres import end_sessions
from tests.support.transactions import database_of, dsn_of
from tests.support.waiting import PATIENCE, eventually, stretched

KIND = JobKind("test.job")
JOB = KIND.name
FAST = WorkerSettings(max_attempts=3, first_delay=0.01, max_delay=0.02)


class Handler:
    """Fails the first ``failures`` times."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.payloads: list[Mapping[str, Any]] = []

    async def __call__(self, run: JobRun) -> None:
        self.payloads.append(run.params)
        if len(self.payloads) <= self.failures:
            message = "ada@example.com is rejected"
            raise ValueError(message)


def samples(metrics: Metrics) -> dict[str, float]:
    lines = generate_latest(metrics.registry).decode().splitlines()
    return {
        line.rpartition(" ")[0]: float(line.rpartition(" ")[2])
        for line in lines
        if line.startswith(("job_", "jobs_", "worker_")) and "_bucket" not in line and "_created" not in line
    }


@asynccontextmanager
async def working(test_app: TestApp, handler: Handler, metrics: Metrics) -> AsyncIterator[None]:
    """A runner with one job."""
    tracing = Tracing(tracing_config(test_app.runtime.settings, "test"))

    execution = job_execution(FAST, database_of(test_app), metrics, tracing)

    def register(queue: PgQueuer) -> None:
        add_jobs(queue, {KIND: handler}, execution)

    settings = RunnerSettings(
        dsn=dsn_of(test_app), connect_timeout=20, statement_timeout=20, heartbeat=20, concurrency=4
    )
    stop = asyncio.Event()
    async with supervised(execution.running, stop, 0.1):
        running = asyncio.create_task(QueueRunner(settings, register, metrics.group(JobMetrics)).run(stop))
        try:
            yield
        finally:
            stop.set()
            await asyncio.wait_for(running, PATIENCE)


async def rows(test_app: TestApp) -> list[Any]:
    connection = await asyncpg.connect(dsn_of(test_app))
    found = await connection.fetch("SELECT status, attempt, problem::text FROM jobs")
    await connection.close()
    return list(found)


async def statuses(test_app: TestApp) -> list[str]:
    return [row["status"] for row in await rows(test_app)]


async def enqueue(test_app: TestApp) -> None:
    async with test_app.runtime.database.write() as session:
        await JobQueue(session).enqueue(KIND, {"number": 7})


async def test_a_failed_attempt_and_a_success_are_counted(concurrent_app: TestApp) -> None:
    handler, metrics, started = Handler(failures=1), Metrics(), perf_counter()

    async def done() -> bool:
        return len(handler.payloads) == 2 and await statuses(concurrent_app) == ["succeeded"]

    with capture_logs() as lines:
        async with working(concurrent_app, handler, metrics):
            await enqueue(concurrent_app)
            await eventually(done)
            assert samples(metrics)["worker_connected"] == 1
    assert handler.payloads == [{"number": 7}] * 2
    found = samples(metrics)
    for outcome in ("success", "failure"):
        assert found[f'job_attempts_total{{kind="{JOB}",outcome="{outcome}"}}'] == 1
        assert found[f'job_duration_seconds_count{{kind="{JOB}",outcome="{outcome}"}}'] == 1
        assert 0 < found[f'job_duration_seconds_sum{{kind="{JOB}",outcome="{outcome}"}}'] < perf_counter() - started
    assert found["worker_connected"] == 0
    ours = [line for line in lines if line["event"].startswith("job_") and line["log_level"] != "debug"]
    assert [(line["event"], line["attempt"]) for line in ours] == [("job_failed", 1), ("job_done", 2)]
    assert {line["job"] for line in ours} == {JOB}
    assert len({UUID(line["job_id"]) for line in ours}) == 1
    assert [(line.get("error"), line.get("status"), line["log_level"]) for line in ours] == [
        ("ValueError", "queued", "warning"),
        (None, None, "info"),
    ]
    assert "ada@example.com" not in str(lines)


async def test_each_attempt_has_a_span_below_that_of_the_request(
    concurrent_app: TestApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    spans: list[tuple[str, str | None, int]] = []

    def job_span(_tracing: Tracing, name: str, traceparent: str | None, *, attempt: int) -> nullcontext[JobSpan]:
        spans.append((name, traceparent, attempt))
        return nullcontext(JobSpan())

    monkeypatch.setattr(job_queue, "producer_span", lambda *_: nullcontext(parent))
    monkeypatch.setattr(executor, "job_span", job_span)
    handler = Handler(failures=1)

    async def done() -> bool:
        return len(handler.payloads) == 2 and await statuses(concurrent_app) == ["succeeded"]

    async with working(concurrent_app, handler, Metrics()):
        await enqueue(concurrent_app)
        await eventually(done)
    assert spans == [(JOB, parent, 1), (JOB, parent, 2)]


async def test_a_job_fails_after_its_last_attempt(concurrent_app: TestApp) -> None:
    handler, metrics = Handler(failures=100), Metrics()

    async def failed() -> bool:
        return await statuses(concurrent_app) == ["failed"]

    async with working(concurrent_app, handler, metrics):
        await enqueue(concurrent_app)
        await eventually(failed)
    assert len(handler.payloads) == FAST.max_attempts
    assert samples(metrics)[f'job_attempts_total{{kind="{JOB}",outcome="failure"}}'] == FAST.max_attempts
    assert samples(metrics)[f'job_attempts_total{{kind="{JOB}",outcome="success"}}'] == 0


@pytest.mark.parametrize(("stable", "failures"), [(0.0, [1, 1, 1]), (3600.0, [1, 2, 3])])
async def test_a_lost_connection_is_counted_and_a_stable_one_ends_the_series_of_failures(
    concurrent_app: TestApp, monkeypatch: pytest.MonkeyPatch, stable: float, failures: list[int]
) -> None:
    assert runner._STABLE_SECONDS > 1, "a server that ends each session at once is not asked in a tight loop"
    monkeypatch.setattr(runner, "_STABLE_SECONDS", stable)
    metrics = Metrics()

    async def connected(times: int) -> bool:
        found = samples(metrics)
        return found.get("worker_reconnects_total") == times and found.get("worker_connected") == 1

    async def lost(times: int) -> bool:
        return samples(metrics).get("worker_reconnects_total") == times

    with capture_logs() as lines:
        async with working(concurrent_app, Handler(0), metrics):
            for times in range(3):
                await eventually(lambda times=times: connected(times))
                started = perf_counter()
                await end_sessions(dsn_of(concurrent_app))
                await eventually(lambda times=times: lost(times + 1))
                assert perf_counter() - started < stretched(1), "a lost connection is noticed before the next poll"
            await eventually(lambda: connected(3))
    series = [line["failures"] for line in lines if line["event"] == "worker_disconnected"]
    assert series == failures


async def test_every_setting_of_the_runner_takes_effect(
    concurrent_app: TestApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, Any] = {}
    connect = asyncpg.connect

    async def record_connect(dsn: str, **options: Any) -> Any:
        given.update(options)
        return await connect(dsn, **options)

    async def record_run(_queue: PgQueuer, **options: Any) -> None:
        given.update(options)
        stop.set()

    stop = asyncio.Event()
    monkeypatch.setattr(runner.asyncpg, "connect", record_connect)
    monkeypatch.setattr(PgQueuer, "run", record_run)
    settings = RunnerSettings(
        dsn=dsn_of(concurrent_app), connect_timeout=11, statement_timeout=12, heartbeat=13, concurrency=14
    )
    await QueueRunner(settings, lambda _queue: None, JobMetrics(Metrics())).run(stop)
    assert (given["timeout"], given["command_timeout"]) == (11, 13)
    assert given["heartbeat_timeout"].total_seconds() == 13
    assert (given["batch_size"], given["max_concurrent_tasks"]) == (7, 14)
    assert given["dequeue_timeout"].total_seconds() == 5
    assert given["shutdown_on_listener_failure"] is True, "a worker without notifications would start jobs late"
    assert given["server_settings"] == {"application_name": runner.APPLICATION_NAME}
