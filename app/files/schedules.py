"""Schedules of the feature."""

from collections.abc import Sequence
from typing import Final

import structlog

from app.files.housekeeping import FileHousekeeping
from app.kit.queue.schedules import Schedule, WorkerResources

_LOG: Final = structlog.get_logger()


def schedules(resources: WorkerResources) -> Sequence[Schedule]:
    """The removal of unfinished files and of objects without a file."""
    housekeeping = FileHousekeeping(resources.database, resources.store)

    async def clean() -> None:
        unfinished, orphans = await housekeeping.remove_unfinished(), await housekeeping.remove_orphans()
        _LOG.info("files_cleaned", unfinished=unfinished, orphans=orphans)

    return [Schedule("files.clean", "23 * * * *", clean)]
