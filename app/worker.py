"""Composition root of the background worker, which runs the jobs that requests enqueue."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from functools import partial
from time import perf_counter
from typing import Final

import orjson
import structlog
from pgqueuer import PgQueuer
from pgqueuer.domain.models import Job

from app.kit.build import BuildMetrics
from app.kit.db.database import Database
from app.kit.db.metrics import PrometheusDatabaseMetrics
from app.kit.db.tracing import database_attributes
from app.kit.discovery import modules
from app.kit.mail.mailer import create_mailer
from app.kit.queue.metrics import JobMetrics
from app.kit.queue.retry import RetryingExecutor
from app.kit.queue.runner import QueueRunner, RunnerSettings
from app.kit.queue.schedules import Schedule, WorkerResources
from app.settings.database import DatabaseSettings
from app.settings.loading import database_url
from app.settings.root import Settings
from app.settings.worker import WorkerSettings
from app.wiring import JobHandler, job_handlers, tracing_config
from observability.metrics.metrics import Metrics
from observability.metrics.sampler import sampler_running
from observability.tracing.jobs import job_span
from observability.tracing.metrics import SpanMetrics
from observability.tracing.tracer import Tracing

_SUCCESS: Final = "success"
_FAILURE: Final = "failure"
_OUTCOMES: Final = (_SUCCESS, _FAILURE)
_LOG: Final = structlog.get_logger()


async def run(settings: Settings, stop: asyncio.Event, metrics: Metrics) -> None:
    """Run jobs until ``stop`` is set; running jobs are finished first. ``metrics`` counts attempts and the queue.

    The worker connects again whenever it loses the database. Raises ``SettingsError``.
    """
    metrics.group(BuildMetrics)
    dsn = database_url(settings)
    database = await Database.open(dsn, settings[DatabaseSettings], metrics.group(PrometheusDatabaseMetrics))
    async with AsyncExitStack() as opened:
        opened.push_async_callback(database.close)
        handlers = job_handlers(database, create_mailer(settings), settings)
        tracing = Tracing(tracing_config(settings, "strata-worker"))
        opened.push_async_callback(asyncio.to_thread, tracing.close)
        tracing.start(metrics.group(SpanMetrics), database_attributes(dsn))
        runner = _runner(settings, dsn, database, handlers, metrics, tracing)
        _LOG.info("worker_started", jobs=sorted(handlers))
        async with sampler_running(metrics):
            await runner.run(stop)
        _LOG.info("worker_stopped")


def _runner(
    settings: Settings,
    dsn: str,
    database: Database,
    handlers: Mapping[str, JobHandler],
    metrics: Metrics,
    tracing: Tracing,
) -> QueueRunner:
    database_settings, worker_settings = settings[DatabaseSettings], settings[WorkerSettings]

    def register(queue: PgQueuer) -> None:
        for name, handler in handlers.items():
            _register(queue, name, handler, worker_settings, metrics.group(JobMetrics), tracing)
        _schedule(queue, WorkerResources(settings, database, metrics))

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


def _register(
    queue: PgQueuer, name: str, handler: JobHandler, settings: WorkerSettings, metrics: JobMetrics, tracing: Tracing
) -> None:
    def count(outcome: str, started: float) -> None:
        metrics.attempts.labels(name, outcome).inc()
        metrics.duration.labels(name, outcome).observe(perf_counter() - started)

    for outcome in _OUTCOMES:
        metrics.attempts.labels(name, outcome)

    async def work(job: Job) -> None:
        log = _LOG.bind(job=name, job_id=job.id, attempt=job.attempts + 1)
        started = perf_counter()
        log.debug("job_started")
        with job_span(tracing, name, (job.otel_headers() or {}).get("traceparent"), attempt=job.attempts + 1):
            try:
                await handler(orjson.loads(job.payload or b"{}"))
            except Exception as error:
                count(_FAILURE, started)
                # The text of the error may contain an address, so only its type is logged; a retry follows.
                log.warning("job_failed", error=type(error).__name__)
                raise
            count(_SUCCESS, started)
            log.info("job_done")

    queue.entrypoint(
        name,
        on_failure="hold",
        executor_factory=partial(
            RetryingExecutor,
            max_attempts=settings.max_attempts,
            first_delay=settings.first_delay,
            max_delay=settings.max_delay,
        ),
    )(work)


def _schedule(queue: PgQueuer, resources: WorkerResources) -> None:
    """Add the schedules that features declare."""
    for module in modules("app", "schedules"):
        for schedule in module.schedules(resources):
            queue.schedule(schedule.name, schedule.expression)(_scheduled(schedule))


def _scheduled(schedule: Schedule) -> Callable[[object], Awaitable[None]]:
    async def run(_tick: object) -> None:
        await schedule.run()

    return run
