"""Schedules of the feature."""

from collections.abc import Sequence
from typing import Final

import structlog

from app.kit.queue.schedules import Schedule, WorkerResources
from app.rooms.housekeeping import RoomHousekeeping
from app.settings.rooms import RoomSettings

_LOG: Final = structlog.get_logger()


def schedules(resources: WorkerResources) -> Sequence[Schedule]:
    """The deletion of old messages."""
    housekeeping = RoomHousekeeping(resources.database, resources.settings[RoomSettings].retention_hours)

    async def purge() -> None:
        _LOG.info("room_messages_purged", messages=await housekeeping.purge())

    return [Schedule("rooms.purge", "17 * * * *", purge)]
