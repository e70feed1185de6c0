"""Schedules of the feature."""

from collections.abc import Sequence
from typing import Final

import structlog

from app.audit.repository import AuditRepository
from app.kit.queue.schedules import Schedule, WorkerResources

_LOG: Final = structlog.get_logger()


def schedules(resources: WorkerResources) -> Sequence[Schedule]:
    """The schedule that creates the next partitions and drops old ones."""

    async def maintain_partitions() -> None:
        async with resources.database.write() as session:
            created, dropped = await AuditRepository(session).maintain_partitions()
        _LOG.info("audit_partitions_maintained", created=created, dropped=dropped)

    return [Schedule("audit.partitions", "53 2 * * *", maintain_partitions)]
