"""Records the uses of API keys in memory, and writes the times to the database in the background."""

from datetime import datetime
from uuid import UUID

from app.access.repository import ApiKeyRepository
from app.kit.db.database import UnitOfWork


class KeyUse:
    """The newest use of each key since the last flush, for one process; a request never waits for the write.

    A process that is killed loses the uses since its last flush. The size is bounded by the number of valid keys.
    """

    def __init__(self) -> None:
        self._used: dict[UUID, datetime] = {}

    def record(self, key: UUID, now: datetime) -> None:
        """Record one use."""
        self._used[key] = now

    async def flush(self, database: UnitOfWork) -> None:
        """Write the times with one statement. If that raises, they are kept for the next flush."""
        used, self._used = self._used, {}
        if not used:
            return
        try:
            async with database.write() as session:
                await ApiKeyRepository(session).record_uses(used)
        except BaseException:
            self._used = used | self._used
            raise
