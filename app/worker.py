"""Composition root of the background worker, which runs the jobs that requests enqueue."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from functools import partial
from time import perf_counter
from typing import Any, Final

import asyncpg
import orjson
import structlog
from pgqueuer import PgQueuer
from pgqueuer.domain.models import Job

from app.auth.jobs import SEND_ALREADY_REGISTERED, SEND_TOKEN, AuthMails
from app.auth.mailed_tokens import MailedTokens
from app.http.idempotency.repository import IdempotencyRepository
from app.kit.clock import utc_now
from app.kit.db.database import Database
from app.kit.db.metrics import PrometheusDatabaseMetrics
from app.kit.mail.mailer import create_mailer
from app.kit.queue.backlog import Backlog
from app.kit.queue.metrics import JobMetrics
from app.kit.queue.retry import RetryingExecutor
from app.lifecycle.service import LifecycleService
from app.settings.auth import AuthSettings
from app.settings.database import DatabaseSettings
from app.settings.errors import require_secret
from app.settings.http import HttpSettings
from app.settings.loading import database_url
from app.settings.root import Settings
from app.settings.worker import WorkerSettings
from app.wiring import tracing_config
from observability.metrics.metrics import Metrics
from observability.metrics.sampler import sampler_running
from observability.tracing.jobs import job_span
from observability.tracing.metrics import SpanMetrics
from observability.tracing.tracer import Tracing

JobHandler = Callable[[Mapping[str, Any]], Awaitable[None]]
_LOG: Final = structlog.get_logger()
_DEQUEUE_TIMEOUT: Final = timedelta(seconds=5)


async def run(settings: Settings, stop: asyncio.Event, metrics: Metrics) -> None:
    """Run jobs until ``stop`` is set; running jobs are finished first. ``metrics`` counts attempts and the queue.

    Raises ``SettingsError``, ``OSError``, ``asyncpg.PostgresError`` or ``asyncpg.InterfaceError`` when the database is
    unavailable. The process then ends; its supervisor restarts it, and no job is lost.
    """
    signing_key = require_secret(settings[AuthSettings].signing_key, "auth", "signing_key")
    dsn = database_url(settings)
    database = await Database.open(dsn, settings[DatabaseSettings], metrics.group(PrometheusDatabaseMetrics))
    connection = await asyncpg.connect(dsn, timeout=settings[DatabaseSettings].connect_timeout)
    tracing = Tracing(tracing_config(settings, "strata-worker"))
    tracing.start(metrics.group(SpanMetrics))
    try:
        tokens = MailedTokens(signing_key)
        mails = AuthMails(database.reads, create_mailer(settings), tokens, settings[HttpSettings].base_url)
        queue = PgQueuer.from_asyncpg_connection(connection)
        handlers = {SEND_TOKEN: mails.send_token, SEND_ALREADY_REGISTERED: mails.send_already_registered}
        for name, handler in handlers.items():
            _register(queue, name, handler, settings[WorkerSettings], metrics.group(JobMetrics), tracing)
        _schedule(queue, database)
        _LOG.info("worker_started", jobs=sorted(handlers))
        stopping = asyncio.create_task(_stop_when(stop, queue))
        watching = asyncio.create_task(Backlog(database.reads, metrics.group(JobMetrics), list(handlers)).run())
        try:
            async with sampler_running(metrics):
                await queue.run(
                    dequeue_timeout=_DEQUEUE_TIMEOUT,
                    heartbeat_timeout=timedelta(seconds=settings[WorkerSettings].heartbeat),
                    max_concurrent_tasks=settings[WorkerSettings].concurrency * 2,
                    batch_size=settings[WorkerSettings].concurrency,
                    shutdown_on_listener_failure=True,
                )
        finally:
            for task in (stopping, watching):
                task.cancel()
            # A failure of one of them also ends the queue, which reports it.
            await asyncio.gather(stopping, watching, return_exceptions=True)
        _LOG.info("worker_stopped")
    finally:
        with suppress(OSError, asyncpg.PostgresError):
            await connection.close(timeout=2)
        await database.close()
        await asyncio.to_thread(tracing.close)


async def _stop_when(stop: asyncio.Event, queue: PgQueuer) -> None:
    await stop.wait()
    queue.shutdown.set()


def _register(
    queue: PgQueuer, name: str, handler: JobHandler, settings: WorkerSettings, metrics: JobMetrics, tracing: Tracing
) -> None:
    def count(outcome: str, started: float) -> None:
        metrics.attempts.labels(name, outcome).inc()
        metrics.duration.labels(name, outcome).observe(perf_counter() - started)

    async def work(job: Job) -> None:
        log = _LOG.bind(job=name, job_id=job.id, attempt=job.attempts + 1)
        started = perf_counter()
        log.debug("job_started")
        with job_span(tracing, name, (job.otel_headers() or {}).get("traceparent"), attempt=job.attempts + 1):
            try:
                await handler(orjson.loads(job.payload or b"{}"))
            except Exception as error:
                count("failure", started)
                # The text of the error may contain an address, so only its type is logged; a retry follows.
                log.warning("job_failed", error=type(error).__name__)
                raise
            count("success", started)
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


def _schedule(queue: PgQueuer, database: Database) -> None:
    @queue.schedule("idempotency.purge", "17 * * * *")
    async def purge(_schedule: object) -> None:
        async with database.write() as session:
            purged = await IdempotencyRepository(session).purge(utc_now())
        _LOG.info("idempotency_purged", records=purged)

    @queue.schedule("versions.purge_usage", "43 3 * * *")
    async def purge_usage(_schedule: object) -> None:
        async with database.write() as session:
            purged = await LifecycleService(session).purge()
        _LOG.info("version_usage_purged", rows=purged)
