"""Reads of the ledger."""

from typing import Final
from uuid import UUID

from sqlalchemy import bindparam

from app.kit.db.keyset import Position, Slice, apply_keyset, bind_params, page_from_rows
from app.kit.db.sessions import ReadSession
from app.kit.db.statements import KeyedRead, Read
from app.ledger.statements import ACCOUNTS, ENTRIES, HOLDS, TRANSFERS
from app.ledger.views import AccountView, EntryView, HoldView, TransferView
from app.models import Account, Entry, Hold, Transfer

_ACCOUNT: Final = KeyedRead(ACCOUNTS, Account.uid)
_TRANSFER: Final = KeyedRead(TRANSFERS, Transfer.uid)
_HOLD: Final = KeyedRead(HOLDS, Hold.uid)
_OWN: Final = ACCOUNTS.where(Account.owner_id == bindparam("owner_id"))
_ALL_OWN: Final = Read(_OWN.order_by(Account.id))
_OWN_PAGES: Final = {after: Read(apply_keyset(_OWN, ((Account.id, True),), after=after)) for after in (False, True)}
_OF_ACCOUNT: Final = ENTRIES.where(Entry.account_id == bindparam("account_id"))
_ENTRY_PAGES: Final = {
    after: Read(apply_keyset(_OF_ACCOUNT, ((Entry.id, True),), after=after)) for after in (False, True)
}


class LedgerQueries:
    """Reads accounts, entries, transfers and holds of any owner; readers apply the policy."""

    def __init__(self, reads: ReadSession) -> None:
        self._reads = reads

    async def account(self, uid: UUID) -> AccountView | None:
        row = await self._reads.by_key(_ACCOUNT, uid)
        return None if row is None else AccountView.from_row(row)

    async def accounts(self, owner_id: int) -> list[AccountView]:
        """All accounts of a user, oldest first."""
        return [AccountView.from_row(row) for row in await self._reads.all(_ALL_OWN, owner_id=owner_id)]

    async def account_page(self, owner_id: int, after: Position | None, limit: int) -> Slice[AccountView]:
        """Accounts of a user, newest first."""
        read = _OWN_PAGES[after is not None]
        rows = await self._reads.all(read, owner_id=owner_id, limit=limit + 1, **bind_params(after))
        return page_from_rows([AccountView.from_row(row) for row in rows], limit, lambda account: (account.id,))

    async def entry_page(self, account_id: int, after: Position | None, limit: int) -> Slice[EntryView]:
        """Entries of an account, newest first."""
        read = _ENTRY_PAGES[after is not None]
        rows = await self._reads.all(read, account_id=account_id, limit=limit + 1, **bind_params(after))
        return page_from_rows([EntryView.from_row(row) for row in rows], limit, lambda entry: (entry.id,))

    async def transfer(self, uid: UUID) -> TransferView | None:
        row = await self._reads.by_key(_TRANSFER, uid)
        return None if row is None else TransferView.from_row(row)

    async def hold(self, uid: UUID) -> HoldView | None:
        row = await self._reads.by_key(_HOLD, uid)
        return None if row is None else HoldView.from_row(row)
