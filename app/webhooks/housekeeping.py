"""Deletes old deliveries."""

from datetime import timedelta

from app.kit.clock import utc_now
from app.kit.db.batches import delete_in_batches
from app.kit.db.database import UnitOfWork
from app.webhooks.repository import DeliveryRepository


class DeliveryHousekeeping:
    """Deletes deliveries, with their attempts, ``days`` after their event, in batches with a transaction each."""

    def __init__(self, database: UnitOfWork, days: int) -> None:
        self._database = database
        self._age = timedelta(days=days)

    async def purge(self) -> int:
        """Delete all of them, and return the number of deliveries."""
        before = utc_now() - self._age
        return await delete_in_batches(self._database, lambda session: DeliveryRepository(session).purge(before))
