"""Schedules of the feature."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import structlog

from app.kit.clock import utc_now
from app.kit.queue.retention import purge_jobs, purge_problems, purge_queue_log
from app.kit.queue.schedules import Schedule, WorkerResources
from app.settings.background_jobs import JobSettings

_LOG: Final = structlog.get_logger()


def schedules(resources: WorkerResources) -> Sequence[Schedule]:
    """The deletion of jobs that ended long ago, of their problems, and of the log of the queue."""
    settings, database = resources.settings[JobSettings], resources.database

    async def purge() -> None:
        now = utc_now()
        # A job can have thousands of problems, so they are deleted in batches of their own before it.
        kept = timedelta(days=min(settings.problem_retention_days, settings.retention_days))
        problems = await purge_problems(database, now - kept)
        jobs = await purge_jobs(database, now - timedelta(days=settings.retention_days))
        lines = await purge_queue_log(database, now - timedelta(days=settings.queue_log_retention_days))
        _LOG.info("jobs_purged", jobs=jobs, problems=problems, log_lines=lines)

    return [Schedule("jobs.purge", "23 1 * * *", purge)]
