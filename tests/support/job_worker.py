"""A worker in a process of its own, with jobs that count their starts and effects, or end their worker.

``python -m tests.support.job_worker DSN``. Each row of the tables ``starts`` and ``effects`` has the uid of a job;
one of ``starts`` also has the process that runs it.
"""

import asyncio
import os
import random
import signal
import sys

from pgqueuer import PgQueuer

from app.kit.db.database import Database
from app.kit.queue.kinds import JobKind, JobRun
from app.kit.queue.metrics import JobMetrics
from app.kit.queue.runner import QueueRunner, RunnerSettings
from app.settings.database import DatabaseSettings
from app.settings.loading import load_settings
from app.settings.worker import WorkerSettings
from app.wiring import tracing_config
from app.worker import add_jobs, job_execution, supervised
from observability.metrics.metrics import Metrics
from observability.tracing.tracer import Tracing

EFFECT = JobKind("test.effect", max_attempts=100)
CRASH = JobKind("test.crash", max_attempts=3)
HEARTBEAT = 2.0
STEPS = 4


async def work(dsn: str) -> None:
    """Run jobs until SIGTERM."""
    database = await Database.open(dsn, DatabaseSettings())
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)

    async def start(run: JobRun) -> None:
        async with database.write() as session:
            await (await session.driver()).execute("INSERT INTO starts VALUES ($1, $2)", run.uid, os.getpid())

    async def effect(run: JobRun) -> None:
        await start(run)
        for step in range(STEPS):
            await asyncio.sleep(random.uniform(0.0, 0.1))  # noqa: S311 - no secret
            await run.progress(step + 1, STEPS)
        async with run.completing() as session:
            await (await session.driver()).execute("INSERT INTO effects VALUES ($1)", run.uid)
            await asyncio.sleep(random.uniform(0.0, 0.05))  # noqa: S311 - no secret

    async def crash(run: JobRun) -> None:
        await start(run)
        os.kill(os.getpid(), signal.SIGKILL)

    metrics = Metrics()
    tracing = Tracing(tracing_config(load_settings(generate=False), "test"))
    execution = job_execution(WorkerSettings(first_delay=0.1), database, metrics, tracing)

    def register(queue: PgQueuer) -> None:
        add_jobs(queue, {EFFECT: effect, CRASH: crash}, execution)

    settings = RunnerSettings(dsn, connect_timeout=5, statement_timeout=10, heartbeat=HEARTBEAT, concurrency=8)
    async with supervised(execution.running, stop, 0.2):
        await QueueRunner(settings, register, metrics.group(JobMetrics)).run(stop)
    await database.close()


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1]))
