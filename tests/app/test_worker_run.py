"""What the process of the worker starts around its jobs, and closes after them."""

import asyncio
import threading
from collections.abc import Mapping
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import func, select

from app import worker
from app.kit.db.statements import Read
from app.kit.queue.job_queue import JobQueue
from app.kit.queue.kinds import JobHandler, JobKind, JobRun
from app.kit.queue.schedules import WorkerResources
from app.settings.loading import load_settings
from app.wiring import ring_folder
from observability.metrics.metrics import Metrics
from observability.tracing.local import read_ring
from tests.support.app import TestApp
from tests.support.transactions import database_of, dsn_of
from tests.support.waiting import PATIENCE, eventually

JOB = JobKind("test.job")
DATABASE_NAME = Read(select(func.current_database()))
EXPORT_THREAD = "trace-export"


async def sessions(dsn: str) -> int:
    """The sessions of connection pools."""
    connection = await asyncpg.connect(dsn)
    found = await connection.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'strata'"
    )
    await connection.close()
    return int(found)


async def test_a_worker_exports_its_spans_and_its_metrics_and_closes_what_it_opened(
    concurrent_app: TestApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names: list[str] = []

    def job_handlers(resources: WorkerResources) -> Mapping[JobKind, JobHandler]:
        async def handle(_run: JobRun) -> None:
            names.append(await resources.database.reads.scalar(DATABASE_NAME))

        return {JOB: handle}

    dsn = dsn_of(concurrent_app)
    settings = load_settings(home=tmp_path, database={"url": dsn}, tracing={"sample_ratio": 1})
    async with concurrent_app.runtime.database.write() as session:
        await JobQueue(session).enqueue(JOB, {})
    monkeypatch.setattr(worker, "job_handlers", job_handlers)
    # The notifier of the application may open a session at any time; from here on every session is the worker's.
    await database_of(concurrent_app).close()
    stop, metrics = asyncio.Event(), Metrics()
    running = asyncio.create_task(worker.run(settings, stop, metrics))

    async def handled_and_sampled() -> bool:
        return bool(names) and bool(metrics.registry.get_sample_value("event_loop_lag_seconds_count"))

    await eventually(handled_and_sampled)
    stop.set()
    await asyncio.wait_for(running, PATIENCE)
    assert EXPORT_THREAD not in {thread.name for thread in threading.enumerate()}
    namespaces = {
        span["attributes"]["db.namespace"]
        for trace in read_ring(ring_folder(tmp_path))
        for span in trace.spans
        if span["name"].startswith("SELECT")
    }
    assert namespaces == {names[0]}

    async def closed() -> bool:
        return await sessions(dsn) == 0

    await eventually(closed)
