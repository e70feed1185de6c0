"""Runs PgQueuer on one connection after another: the loss of the database ends no worker and loses no job."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import asyncpg
import structlog
from pgqueuer import PgQueuer
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.errors import FailingListenerError

from app.errors import TimedOut, Unavailable
from app.kit.background import raise_if_cancelled
from app.kit.db.closing import close_connection
from app.kit.db.errors import domain_error, interrupts_statement
from app.kit.queue.metrics import JobMetrics
from app.kit.queue.queue_rows import new_queue
from observability.concurrency.backoff import Backoff

_LOG: Final = structlog.get_logger()
APPLICATION_NAME: Final = "strata worker"
"""The name of a worker's session in ``pg_stat_activity``."""
_DEQUEUE_TIMEOUT: Final = timedelta(seconds=5)
_BACKOFF: Final = Backoff(first=0.1, longest=5.0)
_STABLE_SECONDS: Final = 5.0
"""A connection that lasted so long ends the series of failures, on which the delay depends."""


@dataclass(frozen=True, slots=True)
class RunnerSettings:
    """Where and how a runner works. Times are in seconds."""

    dsn: str
    connect_timeout: float
    statement_timeout: float
    heartbeat: float
    concurrency: int


class QueueRunner:
    """Runs the jobs and schedules that ``register`` adds to a PgQueuer.

    A job whose status could not be stored when the connection was lost runs again, on any worker, after ``heartbeat``
    seconds without one.
    """

    def __init__(self, settings: RunnerSettings, register: Callable[[PgQueuer], None], metrics: JobMetrics) -> None:
        self._settings = settings
        self._register = register
        self._metrics = metrics
        self._connected_at: float | None = None
        metrics.connected.set(0)
        logging.getLogger("pgqueuer").addFilter(OutageFilter())

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop`` is set; running jobs are finished first. Raises errors other than a lost database."""
        failures = 0
        loop = asyncio.get_running_loop()
        while not stop.is_set():
            self._connected_at = None
            reason = "connection closed"
            try:
                await self._run_connected(stop)
            except Exception as error:  # noqa: BLE001 - raised again unless a new connection may resolve it
                raise_if_cancelled(error)
                reason = _reason(error)
            if stop.is_set():
                return
            if self._connected_at is not None and loop.time() - self._connected_at > _STABLE_SECONDS:
                failures = 0
            delay = _BACKOFF.delay(failures)
            failures += 1
            self._metrics.reconnects.inc()
            _LOG.warning("worker_disconnected", reason=reason, failures=failures, retry_in=round(delay, 2))
            with suppress(TimeoutError):
                async with asyncio.timeout(delay):
                    await stop.wait()

    async def _run_connected(self, stop: asyncio.Event) -> None:
        """Work on one connection until it is lost or ``stop`` is set."""
        connection = await asyncpg.connect(
            self._settings.dsn,
            timeout=self._settings.connect_timeout,
            command_timeout=self._settings.statement_timeout + 1,
            server_settings={"application_name": APPLICATION_NAME},
        )
        self._connected_at = asyncio.get_running_loop().time()
        try:
            await self._work(connection, stop)
        finally:
            self._metrics.connected.set(0)
            await close_connection(connection)

    async def _work(self, connection: "asyncpg.Connection[asyncpg.Record]", stop: asyncio.Event) -> None:
        queue = new_queue(TerminatingDriver(connection))
        self._register(queue)
        connection.add_termination_listener(lambda _connection: queue.shutdown.set())
        stopping = asyncio.create_task(_stop_when(stop, queue))
        self._metrics.connected.set(1)
        _LOG.info("worker_connected")
        try:
            await queue.run(
                dequeue_timeout=_DEQUEUE_TIMEOUT,
                heartbeat_timeout=timedelta(seconds=self._settings.heartbeat),
                max_concurrent_tasks=self._settings.concurrency,
                # PgQueuer demands room for two batches.
                batch_size=self._settings.concurrency // 2,
                shutdown_on_listener_failure=True,
            )
        finally:
            stopping.cancel()


class OutageFilter(logging.Filter):
    """Logs errors of PgQueuer that are part of an outage as one line, without the traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep every record."""
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and isinstance(domain_error(error), Unavailable | TimedOut):
            record.exc_info = None
            record.levelno, record.levelname = logging.WARNING, "WARNING"
            record.msg, record.args = f"{record.getMessage()} ({type(error).__name__})", None
        return True


class TerminatingDriver(AsyncpgDriver):
    """Terminates a connection that does not reply, so that PgQueuer's clean-up does not wait for it again."""

    async def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
        """See ``AsyncpgDriver``."""
        try:
            return await super().fetch(query, *args)
        except Exception as error:
            self._terminate_after(error)
            raise

    async def execute(self, query: str, *args: object) -> str:
        """See ``AsyncpgDriver``."""
        try:
            return await super().execute(query, *args)
        except Exception as error:
            self._terminate_after(error)
            raise

    async def notify(self, channel: str, payload: str) -> None:
        """See ``AsyncpgDriver``."""
        try:
            await super().notify(channel, payload)
        except Exception as error:
            self._terminate_after(error)
            raise

    def _terminate_after(self, error: Exception) -> None:
        if interrupts_statement(error):
            self._connection.terminate()


def _reason(error: Exception) -> str:
    """The class of an error that a new connection may resolve. Raises every other one."""
    known = domain_error(error)
    if isinstance(known, Unavailable | TimedOut) or isinstance(error, FailingListenerError):
        return type(error).__name__
    raise error


async def _stop_when(stop: asyncio.Event, queue: PgQueuer) -> None:
    await stop.wait()
    queue.shutdown.set()
