"""Amounts of v1 are JSON numbers, which are read exactly."""

import pytest

from tests.support.app import TestApp
from tests.support.bank import Bank, balance, two_accounts


@pytest.mark.parametrize(
    ("number", "status", "words"),
    [
        ("NaN", 422, "not finite"),
        ("Infinity", 422, "not finite"),
        ("-Infinity", 422, "not finite"),
        ("1e400", 422, "not finite"),
        ("9" * 400, 422, "not finite"),
        ("12345678901234567.1234", 422, "at most 15 significant digits"),
        ("0.1234567890123456", 422, "at most 15 significant digits"),
        ("12.505", 422, "at most 2 decimals"),
        ("-12.50", 422, "greater than zero"),
        ("0", 422, "greater than zero"),
        ("0e5", 422, "greater than zero"),
        ("1e15", 422, "less than 1,000,000,000,000,000"),
        ('"12.50"', 422, "should be a number"),
        ("true", 422, "should be a number"),
        ("null", 422, "should be a number"),
        ("[" * 990 + "]" * 990, 422, ""),
        ("1e", 422, "JSON"),
        ("12.50", 200, ""),
        ("12.5000000000000", 200, ""),
        ("12.50000000000000000000", 200, ""),
        ("1.25e1", 200, ""),
        ("12", 200, ""),
    ],
)
async def test_amounts_are_exact_numbers(test_app: TestApp, number: str, status: int, words: str) -> None:
    ada, payer, payee = await two_accounts(test_app)
    content = f'{{"from_id": {payer.id}, "to_id": {payee.id}, "amount": {number}}}'
    async with test_app.client({**ada.headers, "Content-Type": "application/json"}) as client:
        response = await client.post("/api/v1/transfer", content=content)
    assert response.status_code == status, response.text
    shown = response.text.replace("is NaN, infinite or too large", "not finite")
    assert words in shown
    assert (await balance(test_app, payee) > 0) == (status == 200)


@pytest.mark.parametrize(("currency", "shown"), [("JPY", 100.0), ("KWD", 100.0)])
async def test_balances_are_numbers(test_app: TestApp, currency: str, shown: float) -> None:
    ada, *_ = await two_accounts(test_app, currency)
    async with test_app.client(ada.headers) as client:
        first, second = (await client.get("/api/v1/accounts")).json()
    assert (first["balance"], first["available"], second["balance"]) == (shown, shown, 0)


async def test_what_is_held_is_not_available(test_app: TestApp) -> None:
    ada, payer, payee = await two_accounts(test_app)
    await Bank(test_app.runtime.database).hold(ada.user, payer, payee, "30.25")
    async with test_app.client(ada.headers) as client:
        first, _ = (await client.get("/api/v1/accounts")).json()
    assert (first["balance"], first["available"]) == (100.0, 69.75)
