"""Schedules of the feature."""

from collections.abc import Sequence
from typing import Final

import structlog

from app.kit.queue.schedules import Schedule, WorkerResources
from app.usage.service import UsageService

_LOG: Final = structlog.get_logger()


def schedules(resources: WorkerResources) -> Sequence[Schedule]:
    """The deletion of old usage, and the numbers of consumers."""

    async def purge() -> None:
        async with resources.database.write() as session:
            purged = await UsageService(session).purge()
        _LOG.info("version_usage_purged", rows=purged)

    async def count_consumers() -> None:
        async with resources.database.write() as session:
            rows = await UsageService(session).count_consumers()
        _LOG.info("version_consumers_counted", rows=rows)

    return [
        Schedule("versions.purge_usage", "43 3 * * *", purge),
        Schedule("versions.count_consumers", "*/10 * * * *", count_consumers),
    ]
