"""Removes all identities of a user."""

from uuid import UUID

from app.access.principal import SignedIn
from app.events.recorder import EventRecorder, Subject
from app.identities.events import IdentityUnlinked
from app.identities.repository import IdentityRepository
from app.kit.db.sessions import WriteSession


async def unlink_all(
    session: WriteSession, events: EventRecorder, user: SignedIn, *, actor: UUID | None = None
) -> None:
    """Remove the identities of a locked user, and the steps towards others.

    ``actor`` is the user who does this, where the request has no caller.
    """
    for uid, provider in await IdentityRepository(session).remove_all(user.user_id):
        events.record(IdentityUnlinked(subject=Subject(uid, user.user_uid), provider=provider), actor)
