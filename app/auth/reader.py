"""Use cases that read sessions."""

from uuid import UUID

from app.access.policy import AccessPermission
from app.access.principal import Principal
from app.auth.errors import SessionNotFound
from app.auth.queries import AuthQueries
from app.auth.views import SessionView
from app.kit.clock import utc_now
from app.kit.db.keyset import Position, Slice
from app.kit.db.sessions import ReadSession


class SessionReader:
    """Reads the caller's open sessions. Raises ``Unauthenticated``, and ``InsufficientPermissions`` for an API key."""

    def __init__(self, reads: ReadSession, principal: Principal) -> None:
        self._queries = AuthQueries(reads)
        self._principal = principal

    async def page(self, after: Position | None, limit: int) -> Slice[SessionView]:
        """Open sessions, newest first."""
        self._principal.require(AccessPermission.WRITE_CREDENTIALS)
        own = self._principal.signed_in()
        found = await self._queries.sessions(own.user_id, utc_now(), after, limit)
        current = self._principal.session_uid
        return Slice([SessionView.from_row(row, current) for row in found.items], found.next_position)

    async def get(self, uid: UUID) -> SessionView:
        """One open session. Raises ``SessionNotFound``."""
        self._principal.require(AccessPermission.WRITE_CREDENTIALS)
        row = await self._queries.session(self._principal.signed_in().user_id, uid, utc_now())
        if row is None:
            raise SessionNotFound
        return SessionView.from_row(row, self._principal.session_uid)
