"""Revokes the sessions of a user after a change that ends them."""

from datetime import datetime
from uuid import UUID

from app.access.events import RevocationReason, SessionRevoked
from app.access.principal import SignedIn
from app.access.repository import SessionRepository
from app.events.recorder import EventRecorder, Subject
from app.kit.db.sessions import WriteSession


class SessionRevocation:
    """Revokes sessions in one transaction."""

    def __init__(self, session: WriteSession, events: EventRecorder) -> None:
        self._repository = SessionRepository(session)
        self._events = events

    async def revoke_all(
        self,
        user: SignedIn,
        reason: RevocationReason,
        now: datetime,
        *,
        but: UUID | None = None,
        actor: UUID | None = None,
    ) -> None:
        """Revoke the sessions of a locked user, except ``but``. Those that have expired have no event.

        ``actor`` is the user who does this, where the request has no caller.
        """
        for uid in await self._repository.revoke_all(user.user_id, now, but):
            self._events.record(SessionRevoked(subject=Subject(uid, user.user_uid), reason=reason), actor)
