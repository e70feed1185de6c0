"""Validates amounts. PostgreSQL rounds surplus decimals without an error, so they are rejected before."""

from decimal import Decimal
from typing import Final

from app.ledger.currencies import CURRENCIES, Currency
from app.ledger.errors import AmountNotPositive, AmountTooLarge, AmountTooPrecise, UnknownCurrency

LIMIT: Final = Decimal(10) ** 15


def currency_of(code: str) -> Currency:
    """The currency with this code. Raises ``UnknownCurrency``."""
    if (currency := CURRENCIES.get(code)) is None:
        raise UnknownCurrency
    return currency


def ensure_amount(amount: Decimal, currency: Currency) -> None:
    """Raise ``AmountNotPositive``, ``AmountTooLarge`` or ``AmountTooPrecise`` unless a transfer can have the amount."""
    if amount.is_nan() or amount <= 0:
        raise AmountNotPositive
    if amount >= LIMIT:
        raise AmountTooLarge
    # Not quantize(): its result depends on the precision of the context.
    exponent = amount.normalize().as_tuple().exponent
    if isinstance(exponent, int) and -exponent > currency.exponent:
        detail = f"An amount in {currency.code} has at most {currency.exponent} decimals."
        raise AmountTooPrecise(detail)
