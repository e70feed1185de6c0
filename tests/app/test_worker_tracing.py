"""A job continues the trace of the request that enqueued it, is measured in seconds, and stops promptly."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pgqueuer import PgQueuer

from app.kit.mail.mailer import MailboxMailer
from app.kit.mail.message import Mail
from app.kit.queue import runner
from app.kit.queue.executor import RetryPolicy
from app.kit.queue.job_queue import JobQueue
from app.kit.queue.metrics import JobMetrics
from app.kit.queue.runner import QueueRunner, RunnerSettings
from app.settings.worker import WorkerSettings
from app.worker import job_execution
from observability.concurrency.backoff import Backoff
from observability.metrics.metrics import Metrics
from observability.tracing.jobs import JobSpan
from observability.tracing.recording import Recording, use_recording
from tests.app.test_worker_jobs import JOB, KIND, Handler, statuses, working
from tests.support.app import TestApp
from tests.support.waiting import PATIENCE, eventually

TRACE = "1" * 32
NOWHERE = RunnerSettings(
    dsn="postgresql://strata@/strata?host=/no/such/folder",
    connect_timeout=20,
    statement_timeout=20,
    heartbeat=20,
    concurrency=2,
)


@pytest.mark.parametrize("sampled", [True, False])
async def test_a_job_continues_the_trace_that_enqueued_it(
    concurrent_app: TestApp, monkeypatch: pytest.MonkeyPatch, *, sampled: bool
) -> None:
    spans: list[tuple[Any, ...]] = []

    @contextmanager
    def record(_tracing: object, job: str, traceparent: object, *, attempt: int) -> Iterator[JobSpan]:
        spans.append((job, traceparent, attempt))
        yield JobSpan()

    monkeypatch.setattr("app.kit.queue.executor.job_span", record)
    recording = Recording(TRACE, "2" * 16, sampled=sampled)
    handler, metrics = Handler(failures=1), Metrics()

    async def done() -> bool:
        return len(handler.payloads) == 2 and await statuses(concurrent_app) == ["succeeded"]

    async with working(concurrent_app, handler, metrics):
        with use_recording(recording):
            async with concurrent_app.runtime.database.write() as session:
                await JobQueue(session).enqueue(KIND, {"number": 7})
        await eventually(done)
    (producer,) = (child for child in recording.children if child.span_id is not None)
    traceparent = f"00-{TRACE}-{producer.span_id}-0{int(sampled)}"
    assert spans == [(JOB, traceparent, 1), (JOB, traceparent, 2)]
    for outcome in ("success", "failure"):
        labels = {"kind": JOB, "outcome": outcome}
        seconds = metrics.registry.get_sample_value("job_duration_seconds_sum", labels)
        assert seconds is not None
        assert 0 < seconds < PATIENCE


def test_the_settings_of_retries_reach_the_executor() -> None:
    settings = WorkerSettings(max_attempts=3, first_delay=4, max_delay=5)
    anything: Any = None
    execution = job_execution(settings, anything, Metrics(), anything)
    assert execution.retries == RetryPolicy(max_attempts=3, first_delay=4, max_delay=5)


async def test_a_stop_ends_the_wait_for_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "_BACKOFF", Backoff(first=600.0, longest=600.0))
    stop, metrics = asyncio.Event(), Metrics()
    running = asyncio.create_task(QueueRunner(NOWHERE, lambda _queue: None, metrics.group(JobMetrics)).run(stop))

    async def lost() -> bool:
        return metrics.registry.get_sample_value("worker_reconnects_total") == 1

    await eventually(lost)
    stop.set()
    await asyncio.wait_for(running, PATIENCE)


async def test_a_lost_connection_leaves_no_task_behind(database_dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "_BACKOFF", Backoff(first=0.0, longest=0.0))
    given: dict[str, Any] = {}
    waiting: list[int] = []
    stop = asyncio.Event()

    async def run(_queue: PgQueuer, **options: Any) -> None:
        given.update(options)
        await asyncio.sleep(0)
        tasks = [task.get_coro() for task in asyncio.all_tasks()]
        waiting.append(sum(getattr(each, "__qualname__", "") == "_stop_when" for each in tasks))
        if len(waiting) == 3:
            stop.set()

    monkeypatch.setattr(PgQueuer, "run", run)
    settings = RunnerSettings(dsn=database_dsn, connect_timeout=20, statement_timeout=20, heartbeat=20, concurrency=2)
    await QueueRunner(settings, lambda _queue: None, JobMetrics(Metrics())).run(stop)
    assert waiting == [1, 1, 1]
    assert given["dequeue_timeout"].total_seconds() == 5, "an idle worker counts as running for 15 seconds"


async def test_a_mail_is_written_outside_of_the_event_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[threading.Thread] = []
    monkeypatch.setattr(MailboxMailer, "_deliver", lambda *_: threads.append(threading.current_thread()))
    await MailboxMailer(tmp_path / "mail", "strata@example.com").send(Mail("ada@example.com", "S", "T", "1"))
    assert threads
    assert threads[0] is not threading.main_thread()
