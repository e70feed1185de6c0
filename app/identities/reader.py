"""Use cases that read identities."""

from uuid import UUID

from app.access.policy import AccessPermission
from app.access.principal import Principal
from app.identities.errors import IdentityNotFound
from app.identities.queries import IdentityQueries
from app.identities.views import IdentityView
from app.kit.db.keyset import Position, Slice
from app.kit.db.sessions import ReadSession


class IdentityReader:
    """Reads the caller's identities. Raises ``Unauthenticated``, and ``InsufficientPermissions`` for an API key."""

    def __init__(self, reads: ReadSession, principal: Principal) -> None:
        self._queries = IdentityQueries(reads)
        self._principal = principal

    async def page(self, after: Position | None, limit: int) -> Slice[IdentityView]:
        """Identities, newest first."""
        self._principal.require(AccessPermission.WRITE_CREDENTIALS)
        found = await self._queries.page(self._principal.signed_in().user_id, after, limit)
        return Slice([IdentityView.from_row(row) for row in found.items], found.next_position)

    async def get(self, uid: UUID) -> IdentityView:
        """One identity. Raises ``IdentityNotFound``."""
        self._principal.require(AccessPermission.WRITE_CREDENTIALS)
        row = await self._queries.get(self._principal.signed_in().user_id, uid)
        if row is None:
            raise IdentityNotFound
        return IdentityView.from_row(row)
