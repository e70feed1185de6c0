"""Background tasks of a serving process: they refresh the schedule and write usage to the database."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final

import structlog

from app.errors import DomainError
from app.kit.clock import utc_now
from app.kit.db.database import UnitOfWork
from app.lifecycle.metrics import VersionMetrics
from app.lifecycle.queries import DecisionQueries
from app.lifecycle.schedule import Schedule
from app.lifecycle.usage import UsageBuffer
from app.lifecycle.version import VersionLifecycle
from app.settings.lifecycle import LifecycleSettings

_LAST_FLUSH_SECONDS: Final = 5.0
_LOG: Final = structlog.get_logger()


class LifecycleSync:
    """Copies the decisions in the database to the schedule and the metrics of this process."""

    def __init__(
        self, schedule: Schedule, database: UnitOfWork, lifecycles: Sequence[VersionLifecycle], metrics: VersionMetrics
    ) -> None:
        self._schedule = schedule
        self._decisions = DecisionQueries(database.reads)
        self._lifecycles = lifecycles
        self._metrics = metrics

    async def refresh(self) -> None:
        """Refresh once, with two statements. Raises ``Unavailable``."""
        try:
            self._schedule.replace(await self._decisions.windows(), await self._decisions.retirements())
        finally:
            # A declared window opens even if the database is unavailable.
            self._update_metrics()

    def _update_metrics(self) -> None:
        now = utc_now()
        for lifecycle in self._lifecycles:
            browned_out = self._schedule.open_window(lifecycle, now) is not None
            self._metrics.set_status(lifecycle.name, self._schedule.status(lifecycle, now), browned_out=browned_out)


@asynccontextmanager
async def lifecycle_sync_running(
    sync: LifecycleSync, usage: UsageBuffer, database: UnitOfWork, settings: LifecycleSettings
) -> AsyncIterator[None]:
    """Run the tasks during the block, and write the remaining usage to the database after it."""

    async def flush() -> None:
        await usage.flush(database)

    await _try("versions_not_looked_up", sync.refresh)
    tasks = [
        asyncio.create_task(_repeat("versions_not_looked_up", sync.refresh, settings.refresh)),
        asyncio.create_task(_repeat("usage_not_written", flush, settings.usage_flush)),
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_FLUSH_SECONDS):
                await _try("usage_not_written", flush)


async def _repeat(event: str, work: Callable[[], Awaitable[None]], seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds)
        await _try(event, work)


async def _try(event: str, work: Callable[[], Awaitable[None]]) -> None:
    """Log errors, so that the tasks continue with the previous state."""
    try:
        await work()
    except DomainError as error:
        _LOG.warning(event, error=error.code)
    except Exception as error:  # noqa: BLE001 - the task must not end; the defect is logged
        _LOG.error(event, exc_info=error)
