"""Schemas of the ledger in v1, where amounts are JSON numbers."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Final, Literal

from pydantic import BaseModel, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from versions.kit.values import IntegerInBody

_DIGITS: Final = 15
"""As many decimal digits as every double represents exactly."""


def _exact(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        kind, message = "number_type", "Input should be a number"
        raise PydanticCustomError(kind, message)
    number = Decimal(value)
    if len("".join(map(str, number.as_tuple().digits)).strip("0")) > _DIGITS:
        kind, message = "too_many_digits", f"Input should have at most {_DIGITS} significant digits"
        raise PydanticCustomError(kind, message)
    return number


Amount = Annotated[
    Decimal, BeforeValidator(_exact), WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "examples": [12.5]})
]
Currency = Annotated[str, Field(pattern="^[A-Z]{3}$", description="A code of ISO 4217.", examples=["EUR"])]


class AccountCreate(BaseModel):
    """An account to open."""

    currency: Currency


class AccountResponse(BaseModel):
    """An account."""

    id: int = Field(description="The sequential id.", examples=[1])
    currency: str = Field(description="A code of ISO 4217.", examples=["EUR"])
    balance: float = Field(description="The balance. Exact up to 15 significant digits.", examples=[12.5])
    available: float = Field(description="The balance without what is held for others.", examples=[12.5])
    created_at: datetime = Field(description="When the account was opened.", examples=["2026-11-23T12:00:00Z"])


class TransferCreate(BaseModel):
    """Money to move. Both accounts have the same currency."""

    from_id: IntegerInBody = Field(description="The account to pay from, which is yours.", examples=[1])
    to_id: IntegerInBody = Field(description="The account to pay to.", examples=[2])
    amount: Amount = Field(
        description="The amount in the currency of the accounts, with at most 15 significant digits.", examples=[12.5]
    )


class TransferResponse(BaseModel):
    """The money was moved."""

    status: Literal["success"] = Field(description="Always `success`.", examples=["success"])
