"""What a serving process does about versions beside its requests: follow the schedule, write usage down."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final

import structlog

from app.errors import DomainError
from app.kit.clock import utc_now
from app.kit.db.database import UnitOfWork
from app.lifecycle.repository import DecisionQueries
from app.lifecycle.schedule import Schedule
from app.lifecycle.usage import UsageBuffer
from app.lifecycle.version import VersionLifecycle
from app.settings.lifecycle import LifecycleSettings
from observability.metrics.metrics import Metrics

_LAST_FLUSH_SECONDS: Final = 5.0


class LifecycleSync:
    """Keeps a schedule, and the metrics that tell of it, as the database says."""

    def __init__(
        self, schedule: Schedule, database: UnitOfWork, lifecycles: Sequence[VersionLifecycle], metrics: Metrics
    ) -> None:
        self._schedule = schedule
        self._decisions = DecisionQueries(database.reads)
        self._lives = lifecycles
        self._metrics = metrics

    async def look(self) -> None:
        """Look once: two statements, whatever the traffic. Raises ``Unavailable``."""
        try:
            self._schedule.replace(await self._decisions.windows(), await self._decisions.retirements())
        finally:
            # A declared window opens by the clock alone.
            self._tell()

    def _tell(self) -> None:
        now = utc_now()
        for lifecycle in self._lives:
            browned_out = self._schedule.open_window(lifecycle, now) is not None
            self._metrics.set_status(lifecycle.name, self._schedule.stage(lifecycle, now), browned_out=browned_out)


@asynccontextmanager
async def lifecycle_sync_running(
    sync: LifecycleSync, usage: UsageBuffer, database: UnitOfWork, settings: LifecycleSettings
) -> AsyncIterator[None]:
    """Work beside the block; what was counted until its end is written down before this returns."""

    async def flush() -> None:
        await usage.flush(database)

    await _try("versions_not_looked_up", sync.look)
    tasks = [
        asyncio.create_task(_repeat("versions_not_looked_up", sync.look, settings.refresh)),
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
    """A database that does not answer leaves things as they were."""
    try:
        await work()
    except DomainError as error:
        await structlog.get_logger().awarning(event, error=error.code)
    except Exception as error:  # noqa: BLE001 - a loop that ended would leave the process blind; the defect is logged
        await structlog.get_logger().aerror(event, exc_info=error)
