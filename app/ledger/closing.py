"""What the ledger requires before a user is deleted."""

from app.kit.clock import utc_now
from app.kit.db.sessions import WriteSession
from app.ledger.errors import AccountHoldsMoney
from app.ledger.repository import LedgerRepository


class AccountClosing:
    """Closes the accounts of a user in the transaction that deletes the user; their history stays."""

    def __init__(self, session: WriteSession) -> None:
        self._repository = LedgerRepository(session)

    async def close(self, user_id: int) -> None:
        """Raise ``AccountHoldsMoney`` if an account has a balance or pending holds, ``AccountBusy``."""
        if not await self._repository.close_accounts(user_id, utc_now()):
            raise AccountHoldsMoney
