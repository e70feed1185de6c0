"""Deletes old messages and unused rooms."""

from datetime import timedelta

from app.kit.clock import utc_now
from app.kit.db.batches import delete_in_batches
from app.kit.db.database import UnitOfWork
from app.rooms.repository import RoomRepository


class RoomHousekeeping:
    """Deletes messages that are older than ``hours``, and rooms that were unused for so long, in batches."""

    def __init__(self, database: UnitOfWork, hours: int) -> None:
        self._database = database
        self._age = timedelta(hours=hours)

    async def purge(self) -> int:
        """Delete all of them, and return the number of messages."""
        before = utc_now() - self._age
        messages = await delete_in_batches(self._database, lambda session: RoomRepository(session).purge(before))
        await delete_in_batches(self._database, lambda session: RoomRepository(session).purge_rooms(before))
        return messages
