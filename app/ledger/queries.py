"""Reads of the ledger."""

from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, func, or_, select

from app.kit.db.keyset import Position, Slice, apply_keyset, bind_params, page_from_rows
from app.kit.db.sessions import ReadSession
from app.kit.db.statements import KeyedRead, Read
from app.ledger.statements import ACCOUNTS, ENTRIES, HOLDS, TRANSFERS
from app.ledger.views import AccountView, EntryView, HoldView, TransferView, Violations
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
_RECENT: Final = 1000
"""Transfers that the frequent check reads: 4 ms."""
_LISTED: Final = 20
"""Violations that a check reports."""
_FOUND: Final = "found"
_UNBALANCED: Final = Read(
    select(Account.currency.label(_FOUND))
    .group_by(Account.currency)
    .having(func.sum(Account.balance) != 0)
    .limit(_LISTED)
)


def _wrong_transfers(*, recent: bool) -> Read:
    """Transfers without exactly two entries that add up to zero and have the amount of the transfer."""
    chosen = select(Transfer.id, Transfer.uid, Transfer.amount)
    transfers = (chosen.order_by(Transfer.id.desc()).limit(_RECENT) if recent else chosen).subquery()
    return Read(
        select(transfers.c.uid.label(_FOUND))
        .outerjoin(Entry, Entry.transfer_id == transfers.c.id)
        .group_by(transfers.c.uid, transfers.c.amount)
        .having(
            or_(
                func.count(Entry.id) != 2,  # noqa: PLR2004 - double entry
                func.coalesce(func.sum(Entry.amount), 1) != 0,
                func.coalesce(func.max(Entry.amount), 0) != transfers.c.amount,
            )
        )
        .limit(_LISTED)
    )


_OF_RECENT: Final = _wrong_transfers(recent=True)
_OF_ALL: Final = _wrong_transfers(recent=False)
_SUMS: Final = (
    select(Entry.account_id, func.sum(Entry.amount).label("total"), func.max(Entry.id).label("last"))
    .group_by(Entry.account_id)
    .subquery()
)
_LAST: Final = select(Entry.id, Entry.balance_after).subquery()
_HELD: Final = (
    select(Hold.debit_id, func.sum(Hold.amount).label("total"))
    .where(Hold.state == "pending")
    .group_by(Hold.debit_id)
    .subquery()
)
_WRONG_ACCOUNTS: Final = Read(
    select(Account.uid.label(_FOUND))
    .outerjoin(_SUMS, _SUMS.c.account_id == Account.id)
    .outerjoin(_LAST, _LAST.c.id == _SUMS.c.last)
    .outerjoin(_HELD, _HELD.c.debit_id == Account.id)
    .where(
        or_(
            Account.balance != func.coalesce(_SUMS.c.total, 0),
            Account.balance != func.coalesce(_LAST.c.balance_after, 0),
            Account.held != func.coalesce(_HELD.c.total, 0),
        )
    )
    .limit(_LISTED)
)
_PENDING: Final = Read(select(func.count()).select_from(Hold).where(Hold.state == "pending"))


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


class LedgerCheckQueries:
    """Reads the ledger. Each statement is its own snapshot, so concurrent transfers are no violations."""

    def __init__(self, reads: ReadSession) -> None:
        self._reads = reads

    async def balances(self) -> Violations:
        """The balances of each currency add up to zero."""
        return Violations(currencies=await self._found(_UNBALANCED))

    async def recent_transfers(self) -> Violations:
        """The entries of the last 1,000 transfers balance."""
        return Violations(transfers=await self._found(_OF_RECENT))

    async def everything(self) -> Violations:
        """As the others, for all transfers; and each account has the balance of its entries and its holds.

        Takes about a second for a million transfers.
        """
        return Violations(
            await self._found(_UNBALANCED),
            await self._found(_OF_ALL),
            await self._found(_WRONG_ACCOUNTS),
        )

    async def pending_holds(self) -> int:
        """The number of holds that are not resolved."""
        number: int = await self._reads.scalar(_PENDING)
        return number

    async def _found(self, read: Read) -> list[str]:
        return [str(row[_FOUND]) for row in await self._reads.all(read)]
