"""Schedules of the feature."""

from collections.abc import Sequence
from typing import Final

import structlog

from app.auth.repository import PendingRegistrationRepository
from app.kit.clock import utc_now
from app.kit.queue.schedules import Schedule, WorkerResources

_LOG: Final = structlog.get_logger()


def schedules(resources: WorkerResources) -> Sequence[Schedule]:
    """The deletion of registrations that have expired."""

    async def purge() -> None:
        async with resources.database.write() as session:
            purged = await PendingRegistrationRepository(session).purge(utc_now())
        _LOG.info("registrations_purged", rows=purged)

    return [Schedule("auth.purge_registrations", "37 * * * *", purge)]
