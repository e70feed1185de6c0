"""Reads of the outbox."""

from app.events import statements
from app.kit.db.sessions import ReadSession


class EventQueries:
    """Reads what is waiting, with one statement each."""

    def __init__(self, reads: ReadSession) -> None:
        self._reads = reads

    async def has_unrelayed(self) -> bool:
        """Whether an event has no position yet."""
        return bool(await self._reads.scalar(statements.HAS_UNRELAYED))

    async def has_unhandled(self, consumer: str) -> bool:
        """Whether there is an event behind the cursor of a consumer."""
        return bool(await self._reads.scalar(statements.HAS_UNHANDLED, name=consumer))
