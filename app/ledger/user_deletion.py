"""Closes the accounts of a user who is deleted."""

from app.access.principal import SignedIn
from app.access.user_deletion import BeforeDeletion
from app.events.recorder import EventRecorder
from app.kit.db.sessions import WriteSession
from app.ledger.closing import AccountClosing


def user_deletion(session: WriteSession, _events: EventRecorder) -> BeforeDeletion:
    """Close the accounts, which must be empty."""
    closing = AccountClosing(session)

    async def close(user: SignedIn) -> None:
        await closing.close(user.user_id)

    return close
