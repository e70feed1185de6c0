"""Background tasks of a serving process: they refresh the schedule and write usage to the database."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from app.kit.background import Work, repeat, repeating, run_logged, tasks_running
from app.kit.clock import utc_now
from app.kit.db.database import UnitOfWork
from app.lifecycle.metrics import VersionMetrics
from app.lifecycle.queries import DecisionQueries
from app.lifecycle.schedule import Schedule
from app.lifecycle.version import VersionLifecycle
from app.settings.lifecycle import LifecycleSettings


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
async def lifecycle_sync_running(sync: LifecycleSync, flush: Work, settings: LifecycleSettings) -> AsyncIterator[None]:
    """Run the tasks during the block, and write the remaining usage to the database after it."""
    await run_logged("versions_not_looked_up", sync.refresh)
    async with (
        tasks_running(repeat("versions_not_looked_up", sync.refresh, settings.refresh)),
        repeating("usage_not_written", flush, settings.usage_flush),
    ):
        yield
