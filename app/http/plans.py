"""The plans of one process, which are refreshed in the background."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.http.runtime import Component, Runtime
from app.kit.background import repeat, run_logged, tasks_running
from app.kit.db.database import UnitOfWork
from app.plans.catalogue import PlanCatalogue
from app.plans.queries import PlanQueries
from app.settings.lifecycle import LifecycleSettings


class PlansComponent(Component):
    """Reads the plans before the first request, and then as often as the schedule of versions."""

    def __init__(self, database: UnitOfWork, seconds: float) -> None:
        self.catalogue = PlanCatalogue()
        self._database = database
        self._seconds = seconds

    @classmethod
    def build(cls, runtime: Runtime) -> "PlansComponent":
        """See ``Component``."""
        return cls(runtime.database, runtime.settings[LifecycleSettings].refresh)

    async def refresh(self) -> None:
        """Read the plans, with one statement. Raises ``Unavailable``."""
        self.catalogue.replace(await PlanQueries(self._database.reads).all())

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """See ``Component``."""
        await run_logged("plans_not_read", self.refresh)
        async with tasks_running(repeat("plans_not_read", self.refresh, self._seconds)):
            yield
