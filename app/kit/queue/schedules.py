"""Schedules, which a feature declares in its module ``schedules``.

    def schedules(resources: WorkerResources) -> Sequence[Schedule]:

The worker finds these functions, so that no central file lists schedules. At each time of a schedule, one of the
workers enqueues a job that runs it.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from croniter import croniter  # type: ignore[import-untyped]  # it has no stubs
from pgqueuer import PgQueuer

from app.kit.clock import utc_now
from app.kit.db.database import UnitOfWork
from app.kit.mail.mailer import Mailer
from app.kit.queue import statements
from app.kit.queue.job_queue import JobQueue
from app.kit.queue.kinds import HOUSEKEEPING, JobHandler, JobRun
from app.kit.storage.store import ObjectStore
from app.settings.root import Settings
from observability.metrics.metrics import Metrics


@dataclass(frozen=True, slots=True)
class WorkerResources:
    """What the background work of one process shares."""

    settings: Settings
    database: UnitOfWork
    metrics: Metrics
    mailer: Mailer
    store: ObjectStore


@dataclass(frozen=True, slots=True)
class Schedule:
    """Work that one of all workers does at each time of a cron expression, in UTC.

    Runs that were missed while no worker ran are one run at the next start, and a run that is due while the previous
    one is not done is skipped. A run that failed, or whose worker died, is repeated, so it must be safe to repeat.
    """

    name: str
    expression: str
    run: Callable[[], Awaitable[None]]


_SCHEDULE: Final = "schedule"


def add_schedules(queue: PgQueuer, schedules: Sequence[Schedule], database: UnitOfWork) -> None:
    """Let a worker enqueue the runs of schedules."""
    for schedule in schedules:
        queue.schedule(schedule.name, schedule.expression)(_enqueue_run(schedule.name, database))


def _enqueue_run(name: str, database: UnitOfWork) -> Callable[[object], Awaitable[None]]:
    async def enqueue(_tick: object) -> None:
        async with database.write() as session:
            await JobQueue(session).enqueue(HOUSEKEEPING, {_SCHEDULE: name}, key=f"{_SCHEDULE}:{name}")

    return enqueue


def housekeeping(schedules: Sequence[Schedule]) -> JobHandler:
    """The handler of jobs that run schedules."""
    by_name = {schedule.name: schedule for schedule in schedules}

    async def handle(run: JobRun) -> None:
        name = run.params[_SCHEDULE]
        await by_name[name].run()
        async with run.completing() as session:
            await (await session.driver()).execute(statements.SCHEDULE_SUCCEEDED, name, utc_now())

    return handle


async def register_schedules(schedules: Sequence[Schedule], database: UnitOfWork) -> None:
    """Store names and periods, from which other processes make metrics. Raises ``Unavailable``."""
    now = utc_now()
    async with database.write() as session:
        driver = await session.driver()
        await driver.executemany(
            statements.REGISTER_SCHEDULE,
            [(each.name, _period(each.expression, now), now) for each in sorted(schedules, key=lambda one: one.name)],
        )
        await driver.execute(statements.FORGET_SCHEDULES, [each.name for each in schedules])


def _period(expression: str, now: datetime) -> int:
    """Seconds between the next two times."""
    times = croniter(expression, now)
    first, second = (times.get_next(datetime) for _ in range(2))
    return int((second - first).total_seconds())
