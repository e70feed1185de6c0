"""What features do in the transaction that deletes a user; and for this feature, the events of keys and sessions.

Rows of a user are deleted by foreign keys, which record nothing. A feature declares what it does before that in its
module ``user_deletion``:

    def user_deletion(session: WriteSession, events: EventRecorder) -> BeforeDeletion:
"""

from collections.abc import Awaitable, Callable

from app.access.events import ApiKeyRevoked, RevocationReason
from app.access.principal import SignedIn
from app.access.repository import ApiKeyRepository
from app.access.revocation import SessionRevocation
from app.events.recorder import EventRecorder, Subject
from app.kit.clock import utc_now
from app.kit.db.sessions import WriteSession
from app.kit.discovery import modules

BeforeDeletion = Callable[[SignedIn], Awaitable[None]]
"""Is called with a locked user before it is deleted. Its errors prevent the deletion."""


def before_deletion(session: WriteSession, events: EventRecorder) -> BeforeDeletion:
    """What all features do."""
    acts = [module.user_deletion(session, events) for module in modules("app", "user_deletion")]

    async def run(user: SignedIn) -> None:
        for act in acts:
            await act(user)

    return run


def user_deletion(session: WriteSession, events: EventRecorder) -> BeforeDeletion:
    """Revoke the keys and sessions."""

    async def revoke(user: SignedIn) -> None:
        now = utc_now()
        await SessionRevocation(session, events).revoke_all(user, RevocationReason.USER_DELETED, now)
        for uid in await ApiKeyRepository(session).revoke_all(user.user_id, now):
            events.record(ApiKeyRevoked(subject=Subject(uid, user.user_uid)))

    return revoke
