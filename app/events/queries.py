"""Reads of the outbox."""

from collections.abc import Mapping
from datetime import datetime

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

    async def unrelayed(self) -> tuple[int, datetime | None]:
        """The number of events without a position, and the time of the oldest."""
        row = await self._reads.one(statements.UNRELAYED)
        return (0, None) if row is None else (row["count"], row["oldest"])

    async def cursors(self) -> Mapping[str, datetime | None]:
        """The time of the oldest event that a consumer has not handled, by the name of the consumer."""
        return {row["name"]: row["oldest"] for row in await self._reads.all(statements.CURSORS)}
