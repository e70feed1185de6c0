"""Schedules, which a feature declares in its module ``schedules``.

    def schedules(resources: WorkerResources) -> Sequence[Schedule]:

The worker finds these functions, so that no central file lists schedules.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from app.kit.db.database import Database
from app.settings.root import Settings
from observability.metrics.metrics import Metrics


@dataclass(frozen=True, slots=True)
class WorkerResources:
    """What the background work of one process shares."""

    settings: Settings
    database: Database
    metrics: Metrics


@dataclass(frozen=True, slots=True)
class Schedule:
    """Work that one of all workers does at each time of a cron expression, in UTC.

    Runs that no worker was there for are one run at the next start. A run whose worker died is repeated, so it must be
    safe to repeat.
    """

    name: str
    expression: str
    run: Callable[[], Awaitable[None]]
