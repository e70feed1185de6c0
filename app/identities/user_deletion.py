"""Unlinks the identities of a user who is deleted, which records an event of each."""

from app.access.principal import SignedIn
from app.access.user_deletion import BeforeDeletion
from app.events.recorder import EventRecorder
from app.identities.unlinking import unlink_all
from app.kit.db.sessions import WriteSession


def user_deletion(session: WriteSession, events: EventRecorder) -> BeforeDeletion:
    """Unlink every identity."""

    async def unlink(user: SignedIn) -> None:
        await unlink_all(session, events, user)

    return unlink
