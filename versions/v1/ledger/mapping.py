"""Maps the ledger between v1 schemas and the core."""

from app.ledger.commands import TransferDraft
from app.ledger.views import AccountView
from versions.v1.ledger import schemas


def account(view: AccountView) -> schemas.AccountResponse:
    """Returns the v1 representation of an account."""
    return schemas.AccountResponse.model_construct(
        id=view.id,
        currency=view.currency,
        balance=float(view.balance),
        available=float(view.available),
        created_at=view.created_at,
    )


def draft(body: schemas.TransferCreate) -> TransferDraft:
    """Returns the transfer to execute."""
    return TransferDraft(body.from_id, body.to_id, body.amount)
