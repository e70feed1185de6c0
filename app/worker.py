"""Composition root of the background worker, which runs the jobs that requests enqueue."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Final

import structlog
from pgqueuer import PgQueuer

import versions.registry  # noqa: F401 - it adds the renderers of events
from app.events.metrics import EventMetrics
from app.events.work import events_handled
from app.kit import background
from app.kit.build import BuildMetrics
from app.kit.db.database import Database
from app.kit.db.listener import Listener, ListenerSettings
from app.kit.db.metrics import PrometheusDatabaseMetrics
from app.kit.db.tracing import database_attributes
from app.kit.mail.mailer import create_mailer
from app.kit.queue.executor import Execution, JobExecutor, RetryPolicy
from app.kit.queue.kinds import HOUSEKEEPING, JobHandler, JobKind
from app.kit.queue.maintenance import requeue_lost_jobs
from app.kit.queue.metrics import JobMetrics
from app.kit.queue.queue_rows import rows_of
from app.kit.queue.runner import QueueRunner, RunnerSettings
from app.kit.queue.running import Interruption, RunningJobs
from app.kit.queue.schedules import Schedule, WorkerResources, add_schedules, housekeeping, register_schedules
from app.kit.storage.opening import open_store
from app.settings.database import DatabaseSettings
from app.settings.loading import database_url
from app.settings.root import Settings
from app.settings.worker import WorkerSettings
from app.wiring import all_schedules, event_consumers, job_handlers, tracing_config, worker_loops
from observability.metrics.metrics import Metrics
from observability.metrics.sampler import sampler_running
from observability.tracing.metrics import SpanMetrics
from observability.tracing.tracer import Tracing

_MAINTENANCE_SECONDS: Final = 60.0
_LOG: Final = structlog.get_logger()


async def run(settings: Settings, stop: asyncio.Event, metrics: Metrics) -> None:
    """Run jobs until ``stop`` is set. ``metrics`` counts attempts and the queue.

    Running jobs then have the time of ``worker.shutdown_timeout``; those that are not done return to the queue. The
    worker connects again whenever it loses the database. Raises ``SettingsError``.
    """
    metrics.group(BuildMetrics)
    dsn = database_url(settings)
    database = await Database.open(dsn, settings[DatabaseSettings], metrics.group(PrometheusDatabaseMetrics))
    async with AsyncExitStack() as opened:
        opened.push_async_callback(database.close)
        resources = WorkerResources(settings, database, metrics, create_mailer(settings), open_store(settings, metrics))
        schedules = all_schedules(resources)
        handlers = {**job_handlers(resources), HOUSEKEEPING: housekeeping(schedules)}
        tracing = Tracing(tracing_config(settings, "strata-worker"))
        opened.push_async_callback(asyncio.to_thread, tracing.close)
        tracing.start(metrics.group(SpanMetrics), database_attributes(dsn))
        execution = job_execution(settings[WorkerSettings], database, metrics, tracing)
        runner = _runner(settings, dsn, _registration(handlers, schedules, execution), metrics)
        listener = Listener(ListenerSettings(dsn, settings[DatabaseSettings].connect_timeout, "strata worker nudges"))
        consumers = event_consumers(resources)
        loops = worker_loops(resources, listener, tracing)
        _LOG.info("worker_started", jobs=sorted(kind.name for kind in handlers))
        async with (
            sampler_running(metrics),
            _maintained(schedules, database),
            events_handled(database, listener, consumers, metrics.group(EventMetrics)),
            _all_running(loops),
            listener.running(),
            supervised(execution.running, stop, settings[WorkerSettings].shutdown_timeout),
        ):
            await runner.run(stop)
        _LOG.info("worker_stopped")


@asynccontextmanager
async def _all_running(loops: Sequence[AbstractAsyncContextManager[None]]) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        for loop in loops:
            await stack.enter_async_context(loop)
        yield


def job_execution(settings: WorkerSettings, database: Database, metrics: Metrics, tracing: Tracing) -> Execution:
    """What the jobs of a process share."""
    retries = RetryPolicy(settings.max_attempts, settings.first_delay, settings.max_delay)
    return Execution(database, RunningJobs(database), metrics.group(JobMetrics), tracing, retries)


def _registration(
    handlers: Mapping[JobKind, JobHandler], schedules: Sequence[Schedule], execution: Execution
) -> Callable[[PgQueuer], None]:
    def register(queue: PgQueuer) -> None:
        add_jobs(queue, handlers, execution)
        add_schedules(queue, schedules, execution.database)

    return register


def add_jobs(queue: PgQueuer, handlers: Mapping[JobKind, JobHandler], execution: Execution) -> None:
    """Let a queue run jobs."""
    for kind, handler in handlers.items():
        executor = JobExecutor(kind, handler, execution, rows_of(queue))
        queue.entrypoint(kind.name, concurrency_limit=kind.concurrency, accepts_context=False)(executor)


def _runner(settings: Settings, dsn: str, register: Callable[[PgQueuer], None], metrics: Metrics) -> QueueRunner:
    database_settings, worker_settings = settings[DatabaseSettings], settings[WorkerSettings]
    return QueueRunner(
        RunnerSettings(
            dsn=dsn,
            connect_timeout=database_settings.connect_timeout,
            statement_timeout=database_settings.statement_timeout,
            heartbeat=worker_settings.heartbeat,
            concurrency=worker_settings.concurrency,
        ),
        register,
        metrics.group(JobMetrics),
    )


@asynccontextmanager
async def supervised(jobs: RunningJobs, stop: asyncio.Event, grace: float) -> AsyncIterator[None]:
    """End attempts that were cancelled or taken over, and ``grace`` seconds after ``stop`` those that still run."""

    async def release() -> None:
        await stop.wait()
        await asyncio.sleep(grace)
        jobs.interrupt_all(Interruption.SHUTDOWN)

    async with background.tasks_running(jobs.watch(), release()):
        yield


@asynccontextmanager
async def _maintained(schedules: Sequence[Schedule], database: Database) -> AsyncIterator[None]:
    """Register the schedules, and look for lost jobs every minute."""

    async def maintain() -> None:
        await register_schedules(schedules, database)
        await requeue_lost_jobs(database)

    maintenance = background.repeat_from_now("jobs_not_maintained", maintain, _MAINTENANCE_SECONDS)
    async with background.tasks_running(maintenance):
        yield
