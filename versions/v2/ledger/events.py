"""Events of the ledger in v2."""

from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.events.stored import StoredEvent
from app.ledger.views import TransferKind
from versions.kit.events import EventType, uid
from versions.kit.typeid import encode
from versions.v2.ids import ACCOUNT, HOLD, TRANSFER, USER, known

_CURRENCY: Final = Field(description="A code of ISO 4217.", examples=["EUR"])


class AccountOpenedData(BaseModel):
    """A user opened an account."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(description="The id of the account.", examples=["acct_01jwxq7c8gfq8sh1tbp9xqk3ma"])
    user_id: str = Field(description="The id of the owner.", examples=["usr_01jwxq7c8gfq8sh1tbp9xqk3ma"])
    currency: str = _CURRENCY


class MovementData(BaseModel):
    """Money, and the accounts between which it moves."""

    model_config = ConfigDict(extra="forbid")

    from_account_id: str = Field(description="The account that pays.", examples=["acct_01jwxq7c8gfq8sh1tbp9xqk3ma"])
    to_account_id: str = Field(description="The account that receives.", examples=["acct_01jwxq7c8gfq8sh1tbp9xqk3mb"])
    amount: str = Field(description="A decimal string.", examples=["12.50"])
    currency: str = _CURRENCY


class TransferCreatedData(MovementData):
    """Money was moved. The owners of both accounts receive the event."""

    id: str = Field(description="The id of the transfer.", examples=["txn_01jwxq7c8gfq8sh1tbp9xqk3ma"])
    kind: TransferKind = Field(description="The kind of the transfer.", examples=["transfer"])


class HoldCreatedData(MovementData):
    """Money was set aside. The owners of both accounts receive the event."""

    id: str = Field(description="The id of the hold.", examples=["hold_01jwxq7c8gfq8sh1tbp9xqk3ma"])


class HoldResolvedData(BaseModel):
    """A hold ended. The owners of both accounts receive the event."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(description="The id of the hold.", examples=["hold_01jwxq7c8gfq8sh1tbp9xqk3ma"])
    outcome: Literal["captured", "released", "expired"] = Field(description="How it ended.", examples=["captured"])


def _account(event: StoredEvent) -> Mapping[str, Any]:
    return {
        "id": encode(ACCOUNT, event.subject_uid),
        "user_id": encode(USER, known(event.owner_uid)),
        "currency": event.payload["currency"],
    }


def _movement(event: StoredEvent) -> dict[str, Any]:
    return {
        "from_account_id": encode(ACCOUNT, uid(event, "payer")),
        "to_account_id": encode(ACCOUNT, uid(event, "payee")),
        "amount": event.payload["amount"],
        "currency": event.payload["currency"],
    }


def _transfer(event: StoredEvent) -> Mapping[str, Any]:
    return {**_movement(event), "id": encode(TRANSFER, event.subject_uid), "kind": event.payload["kind"]}


def _hold(event: StoredEvent) -> Mapping[str, Any]:
    return {**_movement(event), "id": encode(HOLD, event.subject_uid)}


def _hold_resolved(event: StoredEvent) -> Mapping[str, Any]:
    return {"id": encode(HOLD, event.subject_uid), "outcome": event.payload["outcome"]}


EVENTS: Final = (
    EventType("account.opened", AccountOpenedData, _account),
    EventType("transfer.created", TransferCreatedData, _transfer, schema=2),
    EventType("hold.created", HoldCreatedData, _hold),
    EventType("hold.resolved", HoldResolvedData, _hold_resolved),
)
