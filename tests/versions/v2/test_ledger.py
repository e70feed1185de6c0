"""The ledger in v2: decimal strings, holds, and pages of entries."""

from typing import Any

import pytest

from app.access.commands import KeyDraft
from app.access.service import ApiKeyService
from app.ledger.views import AccountView
from tests.support.app import TestApp
from tests.support.bank import Bank, balance, two_accounts
from versions.kit.typeid import encode

KEY = {"Idempotency-Key": '"key"'}


def body(payer: AccountView, payee: AccountView) -> dict[str, Any]:
    accounts = {"from_account_id": encode("acct", payer.uid), "to_account_id": encode("acct", payee.uid)}
    return {**accounts, "amount": "12.50", "currency": payer.currency}


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        ("NaN", "string_pattern_mismatch"),
        ("1e2", "string_pattern_mismatch"),
        ("+1", "string_pattern_mismatch"),
        (" 1", "string_pattern_mismatch"),
        ("1\n", "string_pattern_mismatch"),
        ("01", "string_pattern_mismatch"),
        ("1.", "string_pattern_mismatch"),
        ("1000000000000000", "string_pattern_mismatch"),
        ("\u0661", "string_pattern_mismatch"),
        ("-12.50", "amount_not_positive"),
        ("0.00", "amount_not_positive"),
        ("12.505", "amount_too_precise"),
        (12.5, "string_type"),
        (None, "string_type"),
    ],
)
async def test_amounts_are_decimal_strings(test_app: TestApp, amount: object, code: str) -> None:
    ada, payer, payee = await two_accounts(test_app)
    async with test_app.client({**ada.headers, "Idempotency-Key": '"amount"'}) as client:
        response = await client.post("/api/v2/transfers", json={**body(payer, payee), "amount": amount})
    assert response.status_code == 422
    assert [(error["pointer"], error["code"]) for error in response.json()["errors"]] == [("#/amount", code)]
    assert await balance(test_app, payee) == 0


@pytest.mark.parametrize(("currency", "shown"), [("JPY", "100"), ("KWD", "100.000"), ("EUR", "100.00")])
async def test_balances_have_the_decimals_of_the_currency(test_app: TestApp, currency: str, shown: str) -> None:
    ada, payer, _ = await two_accounts(test_app, currency)
    async with test_app.client(ada.headers) as client:
        account = (await client.get(f"/api/v2/accounts/{encode('acct', payer.uid)}")).json()
    assert (account["balance"], account["held"]) == (shown, shown.replace("100", "0"))


async def test_a_test_key_holds_captures_and_reverses_nothing(test_app: TestApp) -> None:
    ada, payer, payee = await two_accounts(test_app)
    bank = Bank(test_app.runtime.database)
    hold = await bank.hold(ada.user, payer, payee, "5")
    transfer = await bank.transfer(ada.user, payer, payee, "5")
    async with test_app.runtime.database.write() as session:
        draft = KeyDraft(ada.user.id, "test", ["ledger:read", "ledger:write"], mode="test")
        _, key = await ApiKeyService(session).create(draft)
    async with test_app.client({"X-API-Key": key, **KEY}) as client:
        for path, content in (
            ("holds", body(payer, payee)),
            (f"holds/{encode('hold', hold)}/capture", {}),
            (f"transfers/{encode('txn', transfer)}/reverse", {}),
        ):
            response = await client.post(f"/api/v2/{path}", json=content)
            assert response.json()["code"] == "money_needs_live_key"
        released = await client.post(f"/api/v2/holds/{encode('hold', hold)}/release")
        assert (released.status_code, released.json()["state"]) == (200, "released"), "moves no money"


async def test_entity_tags_change_with_the_balance(test_app: TestApp) -> None:
    ada, payer, payee = await two_accounts(test_app)
    url = f"/api/v2/accounts/{encode('acct', payer.uid)}"
    async with test_app.client(ada.headers) as client:
        tag = (await client.get(url)).headers["ETag"]
        assert (await client.get(url, headers={"If-None-Match": tag})).status_code == 304
        made = await client.post("/api/v2/transfers", json=body(payer, payee), headers=KEY)
        changed = await client.get(url, headers={"If-None-Match": tag})
        assert (changed.status_code, changed.json()["balance"]) == (200, "87.50")
        shown = await client.get(made.headers["Location"])
        assert (shown.json(), shown.headers["ETag"]) == (made.json(), made.headers["ETag"])


async def test_entries_are_paged(test_app: TestApp) -> None:
    ada, payer, payee = await two_accounts(test_app)
    bank = Bank(test_app.runtime.database)
    for amount in ("1", "2", "3"):
        await bank.transfer(ada.user, payer, payee, amount)
    async with test_app.client(ada.headers) as client:
        first = (await client.get(f"/api/v2/accounts/{encode('acct', payer.uid)}/entries?limit=2")).json()
        assert [entry["amount"] for entry in first["data"]] == ["-3.00", "-2.00"]
        path = f"/api/v2/accounts/{encode('acct', payer.uid)}/entries?limit=2&cursor={first['next_cursor']}"
        second = (await client.get(path)).json()
        assert [entry["amount"] for entry in second["data"]] == ["-1.00", "100.00"]
        assert not second["has_more"]
        other = path.replace(encode("acct", payer.uid), encode("acct", payee.uid))
        assert (await client.get(other)).json()["code"] == "cursor_mismatch"
