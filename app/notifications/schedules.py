"""Schedules of the feature."""

from collections.abc import Sequence
from typing import Final

import structlog

from app.kit.queue.schedules import Schedule, WorkerResources
from app.notifications.housekeeping import NotificationHousekeeping
from app.settings.notifications import NotificationSettings

_LOG: Final = structlog.get_logger()


def schedules(resources: WorkerResources) -> Sequence[Schedule]:
    """The deletion of old notifications."""
    housekeeping = NotificationHousekeeping(resources.database, resources.settings[NotificationSettings].retention_days)

    async def purge() -> None:
        _LOG.info("notifications_purged", notifications=await housekeeping.purge())

    return [Schedule("notifications.purge", "37 3 * * *", purge)]
