"""Writes of the ledger: calls of the functions that move money. They lock accounts in the order of their ids."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from app.kit.db.errors import LOCK_NOT_AVAILABLE, sqlstate
from app.kit.db.sessions import WriteSession
from app.kit.db.statements import Write
from app.ledger.errors import (
    AccountBusy,
    AccountClosed,
    AlreadyReversed,
    BalanceTooLarge,
    HoldResolved,
    InsufficientFunds,
)
from app.ledger.statements import (
    ACCOUNTS,
    ACCOUNTS_BY_ID,
    ACCOUNTS_BY_UID,
    CAPTURE,
    CLOSE,
    DONE,
    HOLD,
    HOLDS,
    MOVE,
    RELEASE,
    TRANSFERS,
)
from app.ledger.views import AccountView, HoldView, Ref, TransferKind, TransferView
from app.models import Account, Hold, Transfer, User

_REJECTED: Final = {
    error.code: error for error in (AccountClosed, AlreadyReversed, BalanceTooLarge, HoldResolved, InsufficientFunds)
}
"""What a function returns instead of ``done``."""


@dataclass(frozen=True, slots=True)
class Movement:
    """A transfer to execute: the uid that it gets, the ids of its accounts, who asked for it and when."""

    uid: UUID
    debit: int
    credit: int
    amount: Decimal
    kind: TransferKind
    actor: UUID | None
    at: datetime
    reverses: int | None = None


class LedgerRepository:
    """The ledger in one transaction."""

    def __init__(self, session: WriteSession) -> None:
        self._session = session

    async def lock_owner(self, user_id: int) -> bool:
        """Whether the user exists. Its row is locked until the transaction ends."""
        found = await self._session.scalar(select(User.id).where(User.id == user_id).with_for_update(key_share=True))
        return found is not None

    async def count(self, owner_id: int) -> int:
        """The number of accounts of a user."""
        return await self._session.scalar(select(func.count()).where(Account.owner_id == owner_id)) or 0

    async def add(self, account: Account) -> None:
        self._session.add(account)
        await self._session.flush()

    async def accounts(self, refs: list[Ref]) -> dict[Ref, AccountView]:
        """The accounts with these ids, or with these uids, with one statement and without locking them."""
        by_id = isinstance(refs[0], int)
        rows = await self._session.all(ACCOUNTS_BY_ID if by_id else ACCOUNTS_BY_UID, refs=refs)
        views = [AccountView.from_row(row) for row in rows]
        return {view.id if by_id else view.uid: view for view in views}

    async def system_account(self, currency: str) -> AccountView:
        """The account from which the money of a currency comes; it is created when it is first needed."""
        new = insert(Account).values(currency=currency)
        await self._session.execute(
            new.on_conflict_do_nothing(index_elements=[Account.currency], index_where=Account.owner_uid.is_(None))
        )
        rows = await self._session.execute(ACCOUNTS.where(Account.currency == currency, Account.owner_uid.is_(None)))
        return AccountView.from_row(rows.mappings().one())

    async def transfer(self, uid: UUID) -> tuple[int, TransferView] | None:
        """The id of a transfer, and the transfer."""
        row = (await self._session.execute(TRANSFERS.where(Transfer.uid == uid))).mappings().first()
        return None if row is None else (row["id"], TransferView.from_row(row))

    async def hold(self, uid: UUID) -> tuple[int, HoldView] | None:
        """The id of a hold, and the hold."""
        row = (await self._session.execute(HOLDS.where(Hold.uid == uid))).mappings().first()
        return None if row is None else (row["id"], HoldView.from_row(row))

    async def move(self, movement: Movement) -> None:
        """Execute a transfer. Raises ``AccountBusy``, and an error for every reason to refuse it."""
        await self._execute(MOVE, **_values(movement), kind=movement.kind, reverses=movement.reverses)

    async def add_hold(self, movement: Movement, expires_at: datetime) -> None:
        """Set the money of a transfer aside. Raises as ``move`` does."""
        await self._execute(HOLD, **_values(movement), expires=expires_at)

    async def capture(self, hold: int, uid: UUID, amount: Decimal, actor: UUID | None, at: datetime) -> None:
        """Transfer a part of the hold, and release the rest. Raises ``HoldResolved``, and as ``move`` does."""
        await self._execute(CAPTURE, uid=uid, hold=hold, amount=amount, actor=actor, at=at)

    async def release(self, hold: int, outcome: str, at: datetime) -> None:
        """Release the hold. Raises ``HoldResolved``, ``AccountBusy``."""
        await self._execute(RELEASE, hold=hold, outcome=outcome, at=at)

    async def close_accounts(self, owner_id: int, at: datetime) -> bool:
        """Close all accounts of a user, and return whether none has money. Raises ``AccountBusy``."""
        return bool(await self._call(CLOSE, owner=owner_id, at=at))

    async def expired_holds(self, now: datetime, limit: int) -> list[tuple[int, UUID]]:
        """The ids and uids of pending holds that have expired, oldest first."""
        rows = await self._session.execute(
            select(Hold.id, Hold.uid)
            .where(Hold.state == "pending", Hold.expires_at <= now)
            .order_by(Hold.expires_at)
            .limit(limit)
        )
        return [(row[0], row[1]) for row in rows]

    async def _execute(self, write: Write, **values: Any) -> None:
        outcome = await self._call(write, **values)
        if outcome != DONE:
            raise _REJECTED[outcome]

    async def _call(self, write: Write, **values: Any) -> Any:
        try:
            row = await self._session.write(write, **values)
        except Exception as error:
            if sqlstate(error) == LOCK_NOT_AVAILABLE:
                raise AccountBusy from error
            raise
        return None if row is None else row["outcome"]


def _values(movement: Movement) -> dict[str, Any]:
    return {
        "uid": movement.uid,
        "debit": movement.debit,
        "credit": movement.credit,
        "amount": movement.amount,
        "actor": movement.actor,
        "at": movement.at,
    }
