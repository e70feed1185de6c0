"""Schemas of the ledger in v2, where amounts are decimal strings."""

import re
from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from app.ledger.views import HoldState, TransferKind
from versions.kit.values import WHOLE
from versions.v2.ids import AccountId, V1Id

_NEGATIVE: Final = re.compile(r"-[0-9]+(\.[0-9]+)?", re.ASCII)
_AMOUNT: Final = r"^(0|[1-9][0-9]{0,14})(\.[0-9]{1,4})?$"
_SIGNED: Final = r"^-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,4})?$"
MONTH: Final = 2_592_000


def _not_negative(value: Any) -> Any:
    if isinstance(value, str) and _NEGATIVE.fullmatch(value) is not None:
        kind, message = "amount_not_positive", "The amount must be greater than zero"
        raise PydanticCustomError(kind, message)
    return value


Amount = Annotated[str, StringConstraints(pattern=_AMOUNT), BeforeValidator(_not_negative)]
Currency = Annotated[str, Field(pattern="^[A-Z]{3}$", description="A code of ISO 4217.", examples=["EUR"])]


class AccountCreate(BaseModel):
    """An account to open."""

    model_config = ConfigDict(extra="forbid")

    currency: Currency


class Account(BaseModel):
    """An account, which contains money of one currency."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(description="The id of the account.", examples=["acct_01jwxq7c8gfq8sh1tbp9xqk3ma"])
    v1_id: V1Id
    user_id: str = Field(description="The id of the owner.", examples=["usr_01jwxq7c8gfq8sh1tbp9xqk3ma"])
    currency: str = Field(description="A code of ISO 4217.", examples=["EUR"])
    balance: str = Field(description="The sum of all entries.", pattern=_SIGNED, examples=["12.50"])
    held: str = Field(description="The sum of the pending holds.", pattern=_SIGNED, examples=["0.00"])
    available: str = Field(
        description="What can be paid: `balance` without `held`.", pattern=_SIGNED, examples=["12.50"]
    )
    created_at: datetime = Field(description="When the account was opened.", examples=["2026-11-23T12:00:00Z"])


class Entry(BaseModel):
    """What a transfer changed in one account."""

    model_config = ConfigDict(extra="forbid")

    transfer_id: str = Field(description="The transfer.", examples=["txn_01jwxq7c8gfq8sh1tbp9xqk3ma"])
    kind: TransferKind = Field(description="The kind of the transfer.", examples=["transfer"])
    counterparty_account_id: str = Field(
        description="The other account of the transfer.", examples=["acct_01jwxq7c8gfq8sh1tbp9xqk3ma"]
    )
    amount: str = Field(
        description="Negative if the account paid, positive if it received.", pattern=_SIGNED, examples=["-12.50"]
    )
    currency: str = Field(description="A code of ISO 4217.", examples=["EUR"])
    balance_after: str = Field(description="The balance after the entry.", pattern=_SIGNED, examples=["87.50"])
    created_at: datetime = Field(description="When the transfer was executed.", examples=["2026-11-23T12:00:00Z"])


class TransferCreate(BaseModel):
    """Money to move."""

    model_config = ConfigDict(extra="forbid")

    from_account_id: AccountId = Field(description="The account to pay from, which is yours.")
    to_account_id: AccountId = Field(description="The account to pay to.")
    amount: Amount = Field(
        description="A decimal string, greater than zero, with at most as many decimals as the currency has.",
        examples=["12.50"],
    )
    currency: Currency


class HoldCreate(TransferCreate):
    """Money to set aside for another account."""

    expires_in_seconds: Annotated[int, Field(strict=True, ge=1, le=MONTH), WHOLE] = Field(
        default=604_800,
        description="After this time the money is released, unless the hold was resolved. At most 30 days.",
        examples=[3600],
    )


class Capture(BaseModel):
    """How much of a hold to transfer."""

    model_config = ConfigDict(extra="forbid")

    amount: Amount | None = Field(
        default=None,
        description="At most the amount of the hold; the rest is released. Null: all of it.",
        examples=["12.50"],
    )


class Transfer(BaseModel):
    """Money that was moved. A transfer never changes; a reversal is another transfer."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(description="The id of the transfer.", examples=["txn_01jwxq7c8gfq8sh1tbp9xqk3ma"])
    kind: TransferKind = Field(
        description="`deposit`: an operator paid in. `capture`: a hold was captured. `reversal`: a refund.",
        examples=["transfer"],
    )
    from_account_id: str = Field(description="The account that paid.", examples=["acct_01jwxq7c8gfq8sh1tbp9xqk3ma"])
    to_account_id: str = Field(description="The account that received.", examples=["acct_01jwxq7c8gfq8sh1tbp9xqk3ma"])
    amount: str = Field(description="A decimal string.", pattern=_AMOUNT, examples=["12.50"])
    currency: str = Field(description="A code of ISO 4217.", examples=["EUR"])
    reverses_id: str | None = Field(description="The transfer that this one reverses.", examples=[None])
    reversed_by_id: str | None = Field(description="The transfer that reverses this one.", examples=[None])
    hold_id: str | None = Field(description="The hold that this transfer captured.", examples=[None])
    created_at: datetime = Field(description="When the transfer was executed.", examples=["2026-11-23T12:00:00Z"])


class Hold(BaseModel):
    """Money that is set aside: its owner cannot spend it until the hold is resolved."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(description="The id of the hold.", examples=["hold_01jwxq7c8gfq8sh1tbp9xqk3ma"])
    state: HoldState = Field(description="A hold is resolved once.", examples=["pending"])
    from_account_id: str = Field(description="The account to pay from.", examples=["acct_01jwxq7c8gfq8sh1tbp9xqk3ma"])
    to_account_id: str = Field(description="The account to pay to.", examples=["acct_01jwxq7c8gfq8sh1tbp9xqk3ma"])
    amount: str = Field(description="A decimal string.", pattern=_AMOUNT, examples=["12.50"])
    currency: str = Field(description="A code of ISO 4217.", examples=["EUR"])
    transfer_id: str | None = Field(description="The transfer that captured the hold.", examples=[None])
    created_at: datetime = Field(description="When the money was set aside.", examples=["2026-11-23T12:00:00Z"])
    expires_at: datetime = Field(description="When a pending hold is released.", examples=["2036-11-23T12:00:00Z"])
    resolved_at: datetime | None = Field(
        description="When the hold was resolved; null: it is pending.", examples=[None]
    )
