"""Schedules of the feature."""

from collections.abc import Sequence
from typing import Final

import structlog

from app.identities.repository import FlowRepository
from app.kit.clock import utc_now
from app.kit.queue.schedules import Schedule, WorkerResources

_LOG: Final = structlog.get_logger()


def schedules(resources: WorkerResources) -> Sequence[Schedule]:
    """The deletion of sign-ins with a provider that were not completed in time."""

    async def purge() -> None:
        async with resources.database.write() as session:
            purged = await FlowRepository(session).purge(utc_now())
        _LOG.info("sign_in_flows_purged", rows=purged)

    return [Schedule("identities.purge_flows", "7 * * * *", purge)]
