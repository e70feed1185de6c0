"""Use cases that read the log of events."""

from collections.abc import Mapping
from uuid import UUID

from app.access.principal import Principal
from app.event_log.commands import EventFilter
from app.event_log.errors import EventNotFound, EventsDeleted
from app.event_log.policy import viewer_of
from app.event_log.queries import EventLogQueries
from app.events.queries import EventQueries
from app.events.stored import StoredEvent
from app.events.visibility import is_visible
from app.kit.db.keyset import Position, Slice
from app.kit.db.sessions import ReadSession


class EventLogReader:
    """Reads events for a principal. Raises ``Unauthenticated``, ``InsufficientPermissions``."""

    def __init__(self, reads: ReadSession, principal: Principal) -> None:
        self._viewer = viewer_of(principal)
        self._queries = EventLogQueries(reads)
        self._events = EventQueries(reads)

    async def get(self, uid: UUID, types: Mapping[str, int]) -> StoredEvent:
        """One event of ``types``, with their schemas. Raises ``EventNotFound``."""
        event = await self._readable(uid)
        if types.get(event.type) != event.schema:
            raise EventNotFound
        return event

    async def page(self, wanted: EventFilter, after: Position | None, limit: int) -> Slice[StoredEvent]:
        """A page, oldest events first.

        Raises ``EventNotFound`` for the event after which to start, and ``EventsDeleted`` where events may be missing.
        """
        if after is None and wanted.after is not None:
            after = ((await self._start(wanted.after)).position,)
        found = await self._queries.page(self._viewer, wanted, after, limit)
        if after is not None and after < (await self._events.floor(),):
            raise EventsDeleted
        return found

    async def _start(self, uid: UUID) -> StoredEvent:
        """The event after which to start. The id of one that was deleted is older than every id that is kept."""
        event = await self._queries.get(uid)
        if event is None and await self._queries.is_deleted(uid):
            raise EventsDeleted
        return self._ensure_visible(event)

    async def _readable(self, uid: UUID) -> StoredEvent:
        return self._ensure_visible(await self._queries.get(uid))

    def _ensure_visible(self, event: StoredEvent | None) -> StoredEvent:
        if event is None or not is_visible(self._viewer, event):
            raise EventNotFound
        return event
