"""Use cases that read usage on behalf of a user."""

from app.access.principal import Principal
from app.kit.db.keyset import Position, Slice
from app.kit.db.sessions import ReadSession
from app.usage.commands import UsageFilter
from app.usage.policy import UsagePermission
from app.usage.queries import UsageQueries
from app.usage.views import UsageDayView


class UsageReader:
    """Reads the usage of the caller's user, with all keys."""

    def __init__(self, reads: ReadSession, principal: Principal) -> None:
        self._queries = UsageQueries(reads)
        self._principal = principal

    async def page(self, wanted: UsageFilter, after: Position | None, limit: int) -> Slice[UsageDayView]:
        """Days, newest first. Raises ``Unauthenticated``, ``InsufficientPermissions``."""
        self._principal.require(UsagePermission.READ)
        found = await self._queries.page(self._principal.signed_in().user_id, wanted, after, limit)
        return Slice([UsageDayView.from_row(row) for row in found.items], found.next_position)
