"""Use cases that read the ledger."""

from uuid import UUID

from app.access.principal import Principal
from app.kit.db.keyset import Position, Slice
from app.kit.db.sessions import ReadSession
from app.ledger.errors import HoldNotFound, TransferNotFound
from app.ledger.policy import ensure_may_read, owned, visible
from app.ledger.queries import LedgerQueries
from app.ledger.views import AccountView, EntryView, HoldView, TransferView


class LedgerReader:
    """Reads what concerns the caller's accounts. Raises ``Unauthenticated``, ``InsufficientPermissions``."""

    def __init__(self, reads: ReadSession, principal: Principal) -> None:
        self._queries = LedgerQueries(reads)
        self._principal = principal

    async def accounts(self) -> list[AccountView]:
        """All accounts of the caller, oldest first; their number is limited."""
        ensure_may_read(self._principal)
        return await self._queries.accounts(self._principal.signed_in().user_id)

    async def account_page(self, after: Position | None, limit: int) -> Slice[AccountView]:
        """The caller's accounts, newest first."""
        ensure_may_read(self._principal)
        return await self._queries.account_page(self._principal.signed_in().user_id, after, limit)

    async def account(self, uid: UUID) -> AccountView:
        """One of the caller's accounts. Raises ``AccountNotFound``."""
        ensure_may_read(self._principal)
        return owned(self._principal, await self._queries.account(uid))

    async def entries(self, uid: UUID, after: Position | None, limit: int) -> Slice[EntryView]:
        """The entries of an account of the caller, newest first. Raises ``AccountNotFound``."""
        account = await self.account(uid)
        return await self._queries.entry_page(account.id, after, limit)

    async def transfer(self, uid: UUID) -> TransferView:
        """A transfer from or to an account of the caller. Raises ``TransferNotFound``."""
        ensure_may_read(self._principal)
        return visible(self._principal, await self._queries.transfer(uid), TransferNotFound)

    async def hold(self, uid: UUID) -> HoldView:
        """A hold from or to an account of the caller. Raises ``HoldNotFound``."""
        ensure_may_read(self._principal)
        return visible(self._principal, await self._queries.hold(uid), HoldNotFound)
