"""Use cases that read rooms."""

from collections.abc import Sequence
from uuid import UUID

from app.access.principal import Principal
from app.kit.clock import utc_now
from app.kit.db.sessions import ReadSession
from app.rooms.policy import ensure_may_enter
from app.rooms.queries import RoomQueries


class RoomReader:
    """Reads rooms on behalf of a principal. Raises ``Unauthenticated`` and ``InsufficientPermissions``."""

    def __init__(self, reads: ReadSession, principal: Principal) -> None:
        self._queries = RoomQueries(reads)
        self._principal = principal

    async def present(self, room: int) -> Sequence[UUID]:
        """The uids of the users who are in a room."""
        ensure_may_enter(self._principal)
        return await self._queries.present(room, utc_now())
