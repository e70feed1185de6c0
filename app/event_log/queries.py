"""Reads of the log of events."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from app.event_log import statements
from app.event_log.commands import EventFilter
from app.events.stored import StoredEvent
from app.events.visibility import Viewer
from app.kit.db.keyset import Position, Slice, bind_params, page_from_rows
from app.kit.db.sessions import ReadSession


class EventLogQueries:
    """Reads events that have a position, with one statement each."""

    def __init__(self, reads: ReadSession) -> None:
        self._reads = reads

    async def get(self, uid: UUID) -> StoredEvent | None:
        """The event, even if the caller may not read it; the reader applies the policy."""
        row = await self._reads.one(statements.GET, uid=uid)
        return None if row is None else StoredEvent.from_row(row)

    async def is_deleted(self, uid: UUID) -> bool:
        """Whether an unknown uid is older than that of the oldest event, so that of an event that was deleted."""
        return bool(await self._reads.scalar(statements.IS_DELETED, uid=uid))

    async def page(self, viewer: Viewer, wanted: EventFilter, after: Position | None, limit: int) -> Slice[StoredEvent]:
        """Events in the order of positions."""
        values = {"types": list(wanted.types), "schemas": list(wanted.types.values())}
        if viewer.user is not None:
            values["user"] = viewer.user
        page = statements.page if wanted.unfiltered else statements.page_of_types
        read = page(everything=viewer.user is None, after=after is not None)
        rows = await self._reads.all(read, limit=limit + 1, **values, **bind_params(after))
        events = [StoredEvent.from_row(row) for row in rows]
        return page_from_rows(events, limit, lambda event: (event.position,))

    async def highest(self) -> int:
        """The position of the newest event; 0 without events."""
        return int(await self._reads.scalar(statements.NEWEST))

    async def types_after(self, position: int) -> Mapping[str, int]:
        """The types of the events after a position, each with the highest position of an event."""
        rows = await self._reads.all(statements.NEWEST_OF_TYPES, after=position)
        return {row["type"]: row["position"] for row in rows}

    async def after(self, position: int, limit: int) -> Sequence[StoredEvent]:
        """Events of all types and for all readers, in the order of positions."""
        return [
            StoredEvent.from_row(row) for row in await self._reads.all(statements.AFTER, after=position, limit=limit)
        ]
