"""Runs the jobs of one kind: counts attempts before they run, and decides what follows an attempt.

PgQueuer only carries jobs. Its row of a job is removed after an attempt, or waits for the next one; the states are in
``jobs``. A job that PgQueuer carries twice is executed once, since only its latest attempt may write.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from time import perf_counter
from typing import Any, Final
from uuid import UUID, uuid4

import orjson
import structlog
from pgqueuer.domain.models import Job
from pgqueuer.errors import RetryRequested
from uuid_utils.compat import uuid7

from app.kit.clock import utc_now
from app.kit.db.database import UnitOfWork
from app.kit.queue import statements
from app.kit.queue.fenced_run import FencedRun
from app.kit.queue.job_queue import uid_in
from app.kit.queue.kinds import JobHandler, JobKind, JobRejected, Result, RunSuperseded
from app.kit.queue.metrics import JobMetrics
from app.kit.queue.queue_rows import QueueRows
from app.kit.queue.running import Attempt, Interruption, RunningJobs
from observability.concurrency.backoff import Backoff
from observability.tracing.jobs import job_span
from observability.tracing.tracer import Tracing

_UNWIND_SECONDS: Final = 5.0
"""How long an interrupted handler may take to end."""
_LOCKED_SECONDS: Final = 1.0
"""The delay after which a job is started whose row another worker, perhaps a frozen one, had locked."""
_UNKNOWN_SECONDS: Final = 5.0
"""The delay after an attempt whose outcome could not be stored."""
_CRASHED: Final = {"code": "job_crashed", "detail": "Each attempt ended its worker, or the worker lost the job."}
_EVENTS: Final = {
    "success": "job_done",
    "cancelled": "job_cancelled",
    "released": "job_released",
    "superseded": "job_superseded",
}
_LOG: Final = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often a job is attempted. Delays are in seconds."""

    max_attempts: int
    first_delay: float
    max_delay: float


@dataclass(frozen=True, slots=True)
class Execution:
    """What the executors of a process share."""

    database: UnitOfWork
    running: RunningJobs
    metrics: JobMetrics
    tracing: Tracing
    retries: RetryPolicy


class JobExecutor:
    """Runs jobs of one kind. ``rows`` have the connection of the worker, on which a start costs one round trip."""

    def __init__(self, kind: JobKind, handler: JobHandler, execution: Execution, rows: QueueRows) -> None:
        self._kind = kind
        self._handler = handler
        self._execution = execution
        self._rows = rows
        self._driver = rows.driver
        self._limit = kind.max_attempts or execution.retries.max_attempts
        execution.metrics.declare(kind.name)

    async def __call__(self, job: Job) -> None:
        """Run one attempt. Raises ``RetryRequested`` if another one follows."""
        try:
            run = await self._start(job)
            traceparent = (job.otel_headers() or {}).get("traceparent")
            settled = _Settled("ended") if run is None else await self._traced(run, traceparent)
        except _Locked as error:
            settled = _Settled("locked", error, timedelta(seconds=_LOCKED_SECONDS))
        except Exception as error:  # noqa: BLE001 - the job must not be lost; another attempt follows
            _LOG.warning("job_outcome_not_stored", job=self._kind.name, error=type(error).__name__)
            settled = _Settled("unknown", error, timedelta(seconds=_UNKNOWN_SECONDS))
        if settled.outcome == "superseded":
            self._rows.keep(job.id)
        if settled.delay is not None:
            # The text of the error may contain an address, so only its type is stored.
            raise RetryRequested(settled.delay, reason=type(settled.error).__name__)

    async def _start(self, job: Job) -> FencedRun | None:
        """Begin an attempt. None if the job has ended, was cancelled, or has no attempt left."""
        payload = orjson.loads(job.payload or b"{}")
        uid = uid_in(payload) or await self._adopt(job.id, payload)
        run = uuid4()
        rows = await self._driver.fetch(
            statements.START, uid, run, utc_now(), self._limit, orjson.dumps(_CRASHED).decode()
        )
        if not rows:
            if await self._driver.fetch(statements.OPEN, uid):
                raise _Locked
            return None
        row: dict[str, Any] = dict(rows[0])
        if row["status"] != "running":
            metrics = self._execution.metrics
            metrics.finished.labels(self._kind.name, row["status"]).inc()
            if row["status"] == "failed":
                metrics.crashes.labels(self._kind.name).inc()
            _LOG.warning(
                "job_ended", job=self._kind.name, job_id=str(uid), status=row["status"], attempt=row["attempt"]
            )
            return None
        if row["attempt"] == 1:
            # Clocks of two hosts may differ.
            delay = max(0.0, (utc_now() - row["run_after"]).total_seconds())
            self._execution.metrics.start_delay.labels(self._kind.name).observe(delay)
        params = orjson.loads(row["params"])
        return FencedRun(self._execution.database, uid, run, params, row["attempt"], row["done"])

    async def _adopt(self, queue_id: int, payload: Mapping[str, Any]) -> UUID:
        values = (self._kind.name, f"pgqueuer:{queue_id}", orjson.dumps(payload).decode(), utc_now())
        (row,) = await self._driver.fetch(statements.ADOPT, uuid7(), *values)
        return UUID(str(row["uid"]))

    async def _traced(self, run: FencedRun, traceparent: object) -> "_Settled":
        """Run one attempt in a span, which ends with the error of the handler."""
        with job_span(self._execution.tracing, self._kind.name, traceparent, attempt=run.attempt) as span:
            settled = await self._attempt(run)
            span.error = settled.error
        return settled

    async def _attempt(self, run: FencedRun) -> "_Settled":
        log = _LOG.bind(job=self._kind.name, job_id=str(run.uid), attempt=run.attempt)
        log.debug("job_started")
        started = perf_counter()
        attempt = await self._run(run)
        duration = perf_counter() - started
        try:
            settled = await self._settle(run, attempt)
        except RunSuperseded:
            settled = _Settled("superseded")
        metrics = self._execution.metrics
        metrics.attempts.labels(self._kind.name, settled.outcome).inc()
        metrics.duration.labels(self._kind.name, settled.outcome).observe(duration)
        if settled.status is not None:
            metrics.finished.labels(self._kind.name, settled.status).inc()
        if settled.error is None:
            log.info(_EVENTS[settled.outcome])
        else:
            # The text of the error may contain an address, so only its type is logged.
            log.warning("job_failed", error=type(settled.error).__name__, status=settled.status or "queued")
        return settled

    async def _run(self, run: FencedRun) -> Attempt:
        """Run the handler until it ends, its time is over, or it is interrupted."""

        async def handle() -> Result:
            return await self._handler(run)

        task = asyncio.create_task(handle())
        with self._execution.running.tracked(run.uid, run.run, task) as attempt:
            try:
                await attempt.wait(self._kind.timeout, _UNWIND_SECONDS)
            except asyncio.CancelledError:
                task.cancel()
                raise
        return attempt

    async def _settle(self, run: FencedRun, attempt: Attempt) -> "_Settled":
        """Store the outcome of an attempt. Raises ``RunSuperseded``."""
        error = _error(attempt)
        if error is None:
            if not run.completed:
                await run.finish("succeeded", attempt.task.result())
            return _Settled("success", status="succeeded")
        if isinstance(error, RunSuperseded) or attempt.interruption is Interruption.SUPERSEDED:
            raise RunSuperseded
        if attempt.interruption is Interruption.CANCELLED:
            await run.finish("cancelled")
            return _Settled("cancelled", status="cancelled")
        if attempt.interruption is Interruption.SHUTDOWN:
            await run.put_back(timedelta(0), counts=False)
            return _Settled("released", delay=timedelta(0))
        return await self._fail(run, attempt, error)

    async def _fail(self, run: FencedRun, attempt: Attempt, error: Exception) -> "_Settled":
        problem = self._problem(attempt, error)
        if isinstance(error, JobRejected) or run.attempt >= self._limit:
            await run.finish("failed", problem=problem)
            return _Settled("failure", error, status="failed")
        retries = self._execution.retries
        delay = timedelta(seconds=Backoff(retries.first_delay, retries.max_delay).delay(run.attempt - 1))
        await run.put_back(delay, problem, counts=True)
        return _Settled("failure", error, delay)

    def _problem(self, attempt: Attempt, error: Exception) -> dict[str, str]:
        if isinstance(error, JobRejected):
            return {"code": error.code, "detail": error.detail}
        if attempt.interruption is Interruption.TIMED_OUT:
            return {"code": "job_timed_out", "detail": f"An attempt took longer than {self._kind.timeout:g} seconds."}
        return {"code": "job_failed", "detail": f"An attempt failed with {type(error).__name__}."}


@dataclass(frozen=True, slots=True)
class _Settled:
    """What came of an attempt. ``delay``: before the next one; ``status``: of a job that has ended."""

    outcome: str
    error: Exception | None = None
    delay: timedelta | None = None
    status: str | None = None


class _Locked(Exception):
    """A transaction of another attempt has locked the job."""


class HandlerCancelled(Exception):
    """A handler was cancelled, or cancelled itself."""


def _error(attempt: Attempt) -> Exception | None:
    """Why an attempt did not succeed. A handler that does not end when it is interrupted has not succeeded either."""
    task = attempt.task
    if not task.done() or task.cancelled():
        return TimeoutError() if attempt.interruption is Interruption.TIMED_OUT else HandlerCancelled()
    error = task.exception()
    if error is None or isinstance(error, Exception):
        return error
    raise error
