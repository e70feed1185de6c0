"""Deletes the evidence of a user who is deleted."""

from app.access.principal import SignedIn
from app.access.user_deletion import BeforeDeletion
from app.events.recorder import EventRecorder
from app.kit.db.sessions import WriteSession
from app.usage.repository import EvidenceRepository


def user_deletion(session: WriteSession, _events: EventRecorder) -> BeforeDeletion:
    """Delete the evidence and the watches of the user and the user's keys."""
    repository = EvidenceRepository(session)

    async def delete(user: SignedIn) -> None:
        await repository.delete_user(user.user_id)

    return delete
