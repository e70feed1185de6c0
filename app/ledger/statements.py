"""Statements that reads and writes of the ledger share."""

from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import aliased

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
