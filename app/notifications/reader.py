"""Use cases that read notifications."""

from app.access.principal import Principal
from app.kit.db.keyset import Position, Slice
from app.kit.db.sessions import ReadSession
from app.notifications.policy import ensure_may_read
from app.notifications.queries import NotificationQueries
from app.notifications.views import NotificationView


class NotificationReader:
    """Reads the caller's notifications. Raises ``Unauthenticated``, ``InsufficientPermissions``."""

    def __init__(self, reads: ReadSession, principal: Principal) -> None:
        self._queries = NotificationQueries(reads)
        self._principal = principal

    async def page(self, after: Position | None, limit: int) -> Slice[NotificationView]:
        """A page, newest first."""
        return await self._queries.page(ensure_may_read(self._principal), after, limit)
