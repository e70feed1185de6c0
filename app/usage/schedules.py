"""Schedules of the feature."""

from collections.abc import Sequence
from typing import Final

import structlog

from app.kit.queue.schedules import Schedule, WorkerResources
from app.usage.service import UsageService

_LOG: Final = structlog.get_logger()


def schedules(resources: WorkerResources) -> Sequence[Schedule]:
    """The deletion of old usage."""

    async def purge() -> None:
        async with resources.database.write() as session:
            purged = await UsageService(session).purge()
        _LOG.info("version_usage_purged", rows=purged)

    return [Schedule("versions.purge_usage", "43 3 * * *", purge)]
