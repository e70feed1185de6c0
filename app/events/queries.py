"""Reads of the outbox."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from app.events import statements
from app.kit.db.sessions import ReadSession


class EventQueries:
    """Reads what is waiting and what is kept, with one statement each."""

    def __init__(self, reads: ReadSession) -> None:
        self._reads = reads

    async def has_unrelayed(self) -> bool:
        """Whether an event has no position yet."""
        return bool(await self._reads.scalar(statements.HAS_UNRELAYED))

    async def floor(self) -> int:
        """The lowest position that is kept, 0 without events.

        A reader that continues after the position before it has missed nothing; after a lower one, it may have. Read
        the floor after the events: what is deleted meanwhile raises it.
        """
        return await self._reads.scalar(statements.FLOOR) or 0

    async def has_unhandled(self, consumer: str) -> bool:
        """Whether there is an event behind the cursor of a consumer."""
        return bool(await self._reads.scalar(statements.HAS_UNHANDLED, name=consumer))

    async def unrelayed(self) -> tuple[int, datetime | None]:
        """How many events have no position, up to 10,000, and when the oldest of them happened."""
        row = (await self._reads.all(statements.UNRELAYED))[0]
        return row["count"], row["oldest"]

    async def unhandled(self, consumers: Sequence[str]) -> Mapping[str, datetime | None]:
        """For each of these, when the oldest event happened that it has not handled; None without such an event."""
        rows = await self._reads.all(statements.UNHANDLED, consumers=list(consumers))
        return {row["name"]: row["oldest"] for row in rows}
