"""Amounts have at most the decimals of their currency; PostgreSQL would round them."""

from decimal import Decimal

import pytest

from app.ledger.amounts import currency_of, ensure_amount
from app.ledger.currencies import CURRENCIES, EDITION
from app.ledger.errors import AmountNotPositive, AmountTooLarge, AmountTooPrecise, UnknownCurrency


@pytest.mark.parametrize(
    ("code", "amount"),
    [
        ("EUR", "0.01"),
        ("EUR", "12.5"),
        ("EUR", "12.5000"),
        ("JPY", "1"),
        ("JPY", "1E+3"),
        ("KWD", "0.001"),
        ("CLF", "0.0001"),
        ("EUR", "999999999999999.99"),
    ],
)
def test_an_amount_has_the_decimals_of_its_currency(code: str, amount: str) -> None:
    ensure_amount(Decimal(amount), currency_of(code))


@pytest.mark.parametrize(
    ("code", "amount"), [("EUR", "0.001"), ("JPY", "0.5"), ("KWD", "0.0001"), ("CLF", "0.00001"), ("EUR", "1E-400")]
)
def test_surplus_decimals_are_rejected_with_those_of_the_currency(code: str, amount: str) -> None:
    with pytest.raises(AmountTooPrecise, match=f"in {code} has at most {CURRENCIES[code].exponent} decimals") as raised:
        ensure_amount(Decimal(amount), currency_of(code))
    assert raised.value.fields[0].path == ("amount",)


@pytest.mark.parametrize("amount", ["0", "0.00", "-0", "-0.01", "NaN", "-Infinity"])
def test_an_amount_is_positive(amount: str) -> None:
    with pytest.raises(AmountNotPositive):
        ensure_amount(Decimal(amount), currency_of("EUR"))


@pytest.mark.parametrize("amount", ["1000000000000000", "1E+400", "Infinity"])
def test_an_amount_has_a_limit(amount: str) -> None:
    with pytest.raises(AmountTooLarge):
        ensure_amount(Decimal(amount), currency_of("EUR"))


@pytest.mark.parametrize("code", ["XXX", "eur", "", "XAU"])
def test_a_currency_is_one_of_the_table(code: str) -> None:
    with pytest.raises(UnknownCurrency):
        currency_of(code)


def test_the_table_has_the_minor_units_of_iso_4217() -> None:
    exponents = {code: CURRENCIES[code].exponent for code in ("JPY", "EUR", "USD", "KWD", "CLF", "XCG", "ZWG")}
    assert exponents == {"JPY": 0, "EUR": 2, "USD": 2, "KWD": 3, "CLF": 4, "XCG": 2, "ZWG": 2}
    # Croatia, Bulgaria and the Netherlands Antilles ended theirs before the edition.
    assert not {"HRK", "BGN", "ANG"} & CURRENCIES.keys()
    assert EDITION.year == 2026
    assert all(len(code) == 3 and code.isupper() for code in CURRENCIES)


def test_the_currencies_without_two_decimals() -> None:
    """The table of ISO 4217, January 2026: an amount in another unit would be wrong by a factor of 10 to 100."""
    found: dict[int, list[str]] = {}
    for code, currency in CURRENCIES.items():
        found.setdefault(currency.exponent, []).append(code)
    assert len(found.pop(2)) == 132
    assert {exponent: " ".join(sorted(codes)) for exponent, codes in found.items()} == {
        0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
        3: "BHD IQD JOD KWD LYD OMR TND",
        4: "CLF UYW",
    }


@pytest.mark.parametrize(
    ("code", "amount", "text"),
    [("EUR", "12.5000", "12.50"), ("JPY", "12.0000", "12"), ("KWD", "-0.5", "-0.500"), ("EUR", "0", "0.00")],
)
def test_an_amount_is_written_with_all_decimals(code: str, amount: str, text: str) -> None:
    assert currency_of(code).format(Decimal(amount)) == text
