"""Statements that reads and writes of the ledger share, and the calls of the functions that move money."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import ARRAY, BigInteger, DateTime, Numeric, Text, Uuid, any_, bindparam, func, literal_column, select
from sqlalchemy.orm import aliased
from sqlalchemy.types import TypeEngine

from app.kit.db.statements import Read, Write
from app.models import Account, Entry, Hold, Transfer

_PAYER: Final = aliased(Account)
_PAYEE: Final = aliased(Account)
_REVERSED: Final = aliased(Transfer)
_REVERSAL: Final = aliased(Transfer)
_COUNTERPARTY: Final = aliased(Account)
_PARTIES: Final = (
    _PAYER.id.label("payer_id"),
    _PAYER.uid.label("payer_uid"),
    _PAYER.owner_id.label("payer_owner_id"),
    _PAYER.owner_uid.label("payer_owner_uid"),
    _PAYEE.id.label("payee_id"),
    _PAYEE.uid.label("payee_uid"),
    _PAYEE.owner_id.label("payee_owner_id"),
    _PAYEE.owner_uid.label("payee_owner_uid"),
)

ACCOUNTS: Final = select(
    Account.id,
    Account.uid,
    Account.owner_id,
    Account.owner_uid,
    Account.currency,
    Account.balance,
    Account.held,
    Account.revision,
    Account.created_at,
    Account.closed_at,
)
ENTRIES: Final = (
    select(
        Entry.id,
        Transfer.uid.label("transfer_uid"),
        Transfer.kind,
        _COUNTERPARTY.uid.label("counterparty_uid"),
        Entry.amount,
        Entry.currency,
        Entry.balance_after,
        Transfer.created_at,
    )
    .join(Transfer, Transfer.id == Entry.transfer_id)
    .join(_COUNTERPARTY, _COUNTERPARTY.id == Transfer.debit_id + Transfer.credit_id - Entry.account_id)
)
TRANSFERS: Final = (
    select(
        Transfer.id,
        Transfer.uid,
        Transfer.kind,
        *_PARTIES,
        Transfer.amount,
        Transfer.currency,
        _REVERSED.uid.label("reverses_uid"),
        _REVERSAL.uid.label("reversed_by_uid"),
        Hold.uid.label("hold_uid"),
        Transfer.created_at,
    )
    .join(_PAYER, _PAYER.id == Transfer.debit_id)
    .join(_PAYEE, _PAYEE.id == Transfer.credit_id)
    .outerjoin(_REVERSED, _REVERSED.id == Transfer.reverses_id)
    .outerjoin(_REVERSAL, _REVERSAL.reverses_id == Transfer.id)
    .outerjoin(Hold, Hold.id == Transfer.hold_id)
)
HOLDS: Final = (
    select(
        Hold.id,
        Hold.uid,
        *_PARTIES,
        Hold.amount,
        Hold.currency,
        Hold.state,
        Transfer.uid.label("transfer_uid"),
        Hold.created_at,
        Hold.expires_at,
        Hold.resolved_at,
    )
    .join(_PAYER, _PAYER.id == Hold.debit_id)
    .join(_PAYEE, _PAYEE.id == Hold.credit_id)
    .outerjoin(Transfer, Transfer.hold_id == Hold.id)
)

ACCOUNTS_BY_ID: Final = Read(ACCOUNTS.where(Account.id == any_(bindparam("refs", type_=ARRAY(BigInteger)))))
ACCOUNTS_BY_UID: Final = Read(ACCOUNTS.where(Account.uid == any_(bindparam("refs", type_=ARRAY(Uuid)))))

DONE: Final = "done"
"""What the functions return when they have moved or held money; other words say why they have not."""
_TYPES: Final[Mapping[str, TypeEngine[Any]]] = {
    **dict.fromkeys(("uid", "actor"), Uuid()),
    **dict.fromkeys(("debit", "credit", "reverses", "hold", "owner"), BigInteger()),
    **dict.fromkeys(("kind", "outcome"), Text()),
    **dict.fromkeys(("at", "expires"), DateTime(timezone=True)),
    "amount": Numeric(),
}


def _call(function: str, *parameters: str, done: str = f"outcome = '{DONE}'") -> Write:
    """A call of a function with these parameters, of which those without a type are constants."""
    values = [bindparam(name, type_=_TYPES[name]) if name in _TYPES else literal_column(name) for name in parameters]
    return Write(select(getattr(func, function)(*values).label("outcome")), done)


MOVE: Final = _call("ledger_move", "uid", "debit", "credit", "amount", "kind", "reverses", "NULL", "0", "actor", "at")
HOLD: Final = _call("ledger_hold", "uid", "debit", "credit", "amount", "actor", "at", "expires")
CAPTURE: Final = _call("ledger_capture", "uid", "hold", "amount", "actor", "at")
RELEASE: Final = _call("ledger_release", "hold", "outcome", "at")
CLOSE: Final = _call("ledger_close", "owner", "at", done="outcome")
