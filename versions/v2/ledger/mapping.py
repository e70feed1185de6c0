"""Maps the ledger between v2 schemas and the core."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from app.ledger.commands import HoldDraft, TransferDraft
from app.ledger.views import AccountView, EntryView, HoldView, TransferView
from versions.kit.typeid import encode
from versions.v2.ids import ACCOUNT, HOLD, TRANSFER, USER, known
from versions.v2.ledger import schemas


def account(view: AccountView) -> schemas.Account:
    """Returns the v2 representation of an account."""
    return schemas.Account.model_construct(
        id=encode(ACCOUNT, view.uid),
        v1_id=view.id,
        user_id=encode(USER, known(view.owner_uid)),
        currency=view.currency,
        balance=view.unit.format(view.balance),
        held=view.unit.format(view.held),
        available=view.unit.format(view.available),
        created_at=view.created_at,
    )


def entry(view: EntryView) -> schemas.Entry:
    """Returns the v2 representation of an entry."""
    return schemas.Entry.model_construct(
        transfer_id=encode(TRANSFER, view.transfer_uid),
        kind=view.kind,
        counterparty_account_id=encode(ACCOUNT, view.counterparty_uid),
        amount=view.unit.format(view.amount),
        currency=view.currency,
        balance_after=view.unit.format(view.balance_after),
        created_at=view.created_at,
    )


def draft(body: schemas.TransferCreate) -> TransferDraft:
    """Returns the transfer to execute."""
    return TransferDraft(known(body.from_account_id), known(body.to_account_id), Decimal(body.amount), body.currency)


def hold_draft(body: schemas.HoldCreate) -> HoldDraft:
    """Returns the hold to create."""
    return HoldDraft(draft(body), timedelta(seconds=body.expires_in_seconds))


def captured_amount(body: schemas.Capture) -> Decimal | None:
    """Returns the amount to transfer, None for all of the hold."""
    return None if body.amount is None else Decimal(body.amount)


def transfer(view: TransferView) -> schemas.Transfer:
    """Returns the v2 representation of a transfer."""
    return schemas.Transfer.model_construct(
        id=encode(TRANSFER, view.uid),
        kind=view.kind,
        from_account_id=encode(ACCOUNT, view.payer_uid),
        to_account_id=encode(ACCOUNT, view.payee_uid),
        amount=view.unit.format(view.amount),
        currency=view.currency,
        reverses_id=_encoded(TRANSFER, view.reverses_uid),
        reversed_by_id=_encoded(TRANSFER, view.reversed_by_uid),
        hold_id=_encoded(HOLD, view.hold_uid),
        created_at=view.created_at,
    )


def hold(view: HoldView) -> schemas.Hold:
    """Returns the v2 representation of a hold."""
    return schemas.Hold.model_construct(
        id=encode(HOLD, view.uid),
        state=view.state,
        from_account_id=encode(ACCOUNT, view.payer_uid),
        to_account_id=encode(ACCOUNT, view.payee_uid),
        amount=view.unit.format(view.amount),
        currency=view.currency,
        transfer_id=_encoded(TRANSFER, view.transfer_uid),
        created_at=view.created_at,
        expires_at=view.expires_at,
        resolved_at=view.resolved_at,
    )


def _encoded(prefix: str, uid: UUID | None) -> str | None:
    return None if uid is None else encode(prefix, uid)
