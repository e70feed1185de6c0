"""Schedules of the HTTP layer."""

from collections.abc import Sequence
from typing import Final

import structlog

from app.http.idempotency.repository import IdempotencyRepository
from app.kit.clock import utc_now
from app.kit.queue.schedules import Schedule, WorkerResources

_LOG: Final = structlog.get_logger()


def schedules(resources: WorkerResources) -> Sequence[Schedule]:
    """The deletion of stored responses that have expired."""

    async def purge() -> None:
        async with resources.database.write() as session:
            purged = await IdempotencyRepository(session).purge(utc_now())
        _LOG.info("idempotency_purged", records=purged)

    return [Schedule("idempotency.purge", "17 * * * *", purge)]
