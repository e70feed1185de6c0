"""Events of the ledger in v1."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, Field

from app.events.stored import StoredEvent
from versions.kit.events import EventType

_CURRENCY: Final = Field(description="A code of ISO 4217.", examples=["EUR"])


class AccountOpenedData(BaseModel):
    """A user opened an account."""

    id: int = Field(description="The sequential id of the account.", examples=[1])
    currency: str = _CURRENCY


class TransferCreatedData(BaseModel):
    """Money was moved. The owners of both accounts receive the event."""

    from_id: int = Field(description="The sequential id of the account that paid.", examples=[1])
    to_id: int = Field(description="The sequential id of the account that received.", examples=[2])
    amount: float = Field(description="The amount. Exact up to 15 significant digits.", examples=[12.5])
    currency: str = _CURRENCY


def _account(event: StoredEvent) -> Mapping[str, Any]:
    return {"id": event.subject_id, "currency": event.payload["currency"]}


def _transfer(event: StoredEvent) -> Mapping[str, Any]:
    return {
        "from_id": event.payload["payer_id"],
        "to_id": event.payload["payee_id"],
        "amount": float(event.payload["amount"]),
        "currency": event.payload["currency"],
    }


EVENTS: Final = (
    EventType("account.opened", AccountOpenedData, _account),
    EventType("transfer.created", TransferCreatedData, _transfer, schema=2),
)
