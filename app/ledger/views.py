"""Output of the ledger."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from operator import itemgetter
from typing import Any, Final, Literal
from uuid import UUID

from app.kit.db.sessions import Row
from app.ledger.currencies import CURRENCIES, Currency
from app.models import Account

Ref = int | UUID
"""Refers to an account by the sequential id or by the uid."""
TransferKind = Literal["deposit", "transfer", "capture", "reversal"]
HoldState = Literal["pending", "captured", "released", "expired"]


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account; the fields are named like their columns."""

    id: int
    uid: UUID
    owner_id: int | None
    owner_uid: UUID | None
    currency: str
    balance: Decimal
    held: Decimal
    revision: int
    created_at: datetime
    closed_at: datetime | None

    @property
    def available(self) -> Decimal:
        """The balance without what is held."""
        return self.balance - self.held

    @property
    def unit(self) -> Currency:
        """The currency with its decimals."""
        return CURRENCIES[self.currency]

    @classmethod
    def from_row(cls, row: Row | Mapping[Any, Any]) -> "AccountView":
        """Build the view from a row with a column for each field."""
        return cls(*_ACCOUNT(row))

    @classmethod
    def from_entity(cls, account: Account) -> "AccountView":
        """Build the view from an entity of the current transaction."""
        return cls(*(getattr(account, field.name) for field in fields(cls)))


@dataclass(frozen=True, slots=True)
class EntryView:
    """One side of a transfer, from the point of view of its account: a negative amount was paid."""

    id: int
    transfer_uid: UUID
    kind: TransferKind
    counterparty_uid: UUID
    amount: Decimal
    currency: str
    balance_after: Decimal
    created_at: datetime

    @property
    def unit(self) -> Currency:
        """The currency with its decimals."""
        return CURRENCIES[self.currency]

    @classmethod
    def from_row(cls, row: Row | Mapping[Any, Any]) -> "EntryView":
        """Build the view from a row with a column for each field."""
        return cls(*_ENTRY(row))


@dataclass(frozen=True, slots=True)
class TransferView:
    """A transfer with its accounts and their owners."""

    uid: UUID
    kind: TransferKind
    payer_id: int
    payer_uid: UUID
    payer_owner_id: int | None
    payer_owner_uid: UUID | None
    payee_id: int
    payee_uid: UUID
    payee_owner_id: int | None
    payee_owner_uid: UUID | None
    amount: Decimal
    currency: str
    reverses_uid: UUID | None
    reversed_by_uid: UUID | None
    hold_uid: UUID | None
    created_at: datetime

    @property
    def unit(self) -> Currency:
        """The currency with its decimals."""
        return CURRENCIES[self.currency]

    @classmethod
    def from_row(cls, row: Row | Mapping[Any, Any]) -> "TransferView":
        """Build the view from a row with a column for each field."""
        return cls(*_TRANSFER(row))


@dataclass(frozen=True, slots=True)
class HoldView:
    """A hold with its accounts and their owners. ``transfer_uid`` is the transfer that captured it."""

    uid: UUID
    payer_id: int
    payer_uid: UUID
    payer_owner_id: int | None
    payer_owner_uid: UUID | None
    payee_id: int
    payee_uid: UUID
    payee_owner_id: int | None
    payee_owner_uid: UUID | None
    amount: Decimal
    currency: str
    state: HoldState
    transfer_uid: UUID | None
    created_at: datetime
    expires_at: datetime
    resolved_at: datetime | None

    @property
    def unit(self) -> Currency:
        """The currency with its decimals."""
        return CURRENCIES[self.currency]

    @classmethod
    def from_row(cls, row: Row | Mapping[Any, Any]) -> "HoldView":
        """Build the view from a row with a column for each field."""
        return cls(*_HOLD(row))


@dataclass(frozen=True, slots=True)
class Violations:
    """What a check found, at most 20 of each kind: codes of currencies, uids of transfers and accounts."""

    currencies: Sequence[str] = ()
    transfers: Sequence[str] = ()
    accounts: Sequence[str] = ()

    @property
    def count(self) -> int:
        """The number of violations; 0 in a ledger that is sound."""
        return len(self.currencies) + len(self.transfers) + len(self.accounts)


def _getter(view: type[Any]) -> Any:
    return itemgetter(*(field.name for field in fields(view)))


_ACCOUNT: Final = _getter(AccountView)
_ENTRY: Final = _getter(EntryView)
_TRANSFER: Final = _getter(TransferView)
_HOLD: Final = _getter(HoldView)
