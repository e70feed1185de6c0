"""Runs jobs of one kind as a worker does, and reads their rows."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
from pgqueuer import PgQueuer

from app.kit.queue.executor import Execution
from app.kit.queue.job_queue import JobQueue, Requester
from app.kit.queue.kinds import JobHandler, JobKind
from app.kit.queue.metrics import JobMetrics
from app.kit.queue.runner import QueueRunner, RunnerSettings
from app.kit.queue.schedules import WorkerResources
from app.settings.group import Group
from app.settings.worker import WorkerSettings
from app.wiring import tracing_config
from app.worker import add_jobs, job_execution, supervised
from observability.metrics.metrics import Metrics
from observability.tracing.tracer import Tracing
from tests.support.app import TestApp
from tests.support.transactions import database_of, dsn_of, owner_of
from tests.support.waiting import PATIENCE

KIND = JobKind("test.job")
CONCURRENCY = 4
"""Jobs at once."""
FAST = WorkerSettings(max_attempts=3, first_delay=0.01, max_delay=0.02)
Condition = Callable[[], Awaitable[bool]]


@asynccontextmanager
async def working(
    test_app: TestApp, handler: JobHandler, kind: JobKind = KIND, *, grace: float = 0.1, metrics: Metrics | None = None
) -> AsyncIterator[Execution]:
    """A worker that runs jobs of one kind."""
    metrics = metrics or Metrics()
    tracing = Tracing(tracing_config(test_app.runtime.settings, "test"))
    execution = job_execution(FAST, database_of(test_app), metrics, tracing)

    def register(queue: PgQueuer) -> None:
        add_jobs(queue, {kind: handler}, execution)

    settings = RunnerSettings(
        dsn_of(test_app), connect_timeout=20, statement_timeout=20, heartbeat=20, concurrency=CONCURRENCY
    )
    stop = asyncio.Event()
    async with supervised(execution.running, stop, grace):
        task = asyncio.create_task(QueueRunner(settings, register, metrics.group(JobMetrics)).run(stop))
        try:
            yield execution
        finally:
            stop.set()
            await asyncio.wait_for(task, PATIENCE)


def worker_resources(test_app: TestApp, *groups: Group, metrics: Metrics | None = None) -> WorkerResources:
    """What jobs and schedules of ``concurrent_app`` work with; the groups replace those of its settings."""
    settings = test_app.runtime.settings.with_groups(*groups)
    return WorkerResources(settings, database_of(test_app), metrics or Metrics(), test_app.outbox, test_app.store)


async def enqueue(test_app: TestApp, params: Mapping[str, Any] | None = None, key: str | None = None) -> UUID | None:
    """Enqueue a job."""
    async with test_app.runtime.database.write() as session:
        return await JobQueue(session).enqueue(KIND, params or {}, requester=Requester(request_id="r-1"), key=key)


async def execute(test_app: TestApp, statement: str, *values: object) -> None:
    """Execute a statement as the owner of the tables."""
    async with owner_of(test_app.runtime.database) as owner:
        await owner.execute(statement, *values)


async def jobs(test_app: TestApp) -> list[asyncpg.Record]:
    """The rows of all jobs."""
    async with owner_of(test_app.runtime.database) as owner:
        return list(await owner.fetch("SELECT * FROM jobs ORDER BY id"))


def ended(test_app: TestApp, status: str) -> Condition:
    """Whether there is one job, with this status."""

    async def condition() -> bool:
        return [row["status"] for row in await jobs(test_app)] == [status]

    return condition


async def carried(test_app: TestApp) -> int:
    """The number of jobs that PgQueuer carries."""
    async with owner_of(test_app.runtime.database) as owner:
        return int(await owner.fetchval("SELECT count(*) FROM pgqueuer"))


async def none_carried(test_app: TestApp) -> bool:
    """Whether PgQueuer carries no job."""
    return await carried(test_app) == 0
