"""Input of the ledger."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from app.ledger.views import Ref


@dataclass(frozen=True, slots=True)
class TransferDraft:
    """Money to move. Without a currency, the amount is in that of the accounts."""

    payer: Ref
    payee: Ref
    amount: Decimal
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class HoldDraft:
    """Money to set aside for the payee, until it expires after ``lifetime``."""

    transfer: TransferDraft
    lifetime: timedelta
