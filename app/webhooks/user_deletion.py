"""Records the deletion of each webhook endpoint of a user who is deleted."""

from app.access.principal import SignedIn
from app.access.user_deletion import BeforeDeletion
from app.events.recorder import EventRecorder, Subject
from app.kit.db.sessions import WriteSession
from app.webhooks.events import EndpointDeleted
from app.webhooks.repository import WebhookRepository


def user_deletion(session: WriteSession, events: EventRecorder) -> BeforeDeletion:
    """Record that the endpoints are deleted, which the foreign key does."""
    repository = WebhookRepository(session)

    async def record(user: SignedIn) -> None:
        for uid, number in await repository.lock_all(user.user_id):
            events.record(EndpointDeleted(subject=Subject(uid, user.user_uid, number)))

    return record
