"""``strata ledger``: what each command shows and changes."""

import json
from typing import Any

import pytest

from app.cli.kit.output import CommandError
from tests.support.commands import Run
from tests.support.postgres import stored_rows

ADA = "ada@example.com"


@pytest.fixture
def account(run: Run, dsn: str) -> int:
    """The id of an account of Ada in yen."""
    run("users", "create", ADA)
    ((number,),) = stored_rows(
        dsn,
        "INSERT INTO accounts (uid, owner_id, owner_uid, currency, floor)"
        " SELECT gen_random_uuid(), id, uid, 'JPY', 0 FROM users RETURNING id",
    )
    return int(number)


def loaded(run: Run, *arguments: str, code: int = 0) -> Any:
    return json.loads(run("ledger", *arguments, "--json", code=code))


def test_a_deposit_is_shown(run: Run, account: int, dsn: str) -> None:
    assert "Paid 1200 JPY into account" in run("ledger", "deposit", str(account), "1200")
    assert loaded(run, "deposit", str(account), "34")["amount"] == "34"
    (shown,) = loaded(run, "accounts", ADA)
    assert (shown["id"], shown["currency"], shown["balance"], shown["held"]) == (account, "JPY", "1234", "0")
    assert "1234" in run("ledger", "accounts", ADA)
    entries = loaded(run, "entries", str(account))
    assert [(entry["kind"], entry["amount"], entry["balance_after"]) for entry in entries] == [
        ("deposit", "34", "1234"),
        ("deposit", "1200", "1200"),
    ]
    assert len(loaded(run, "entries", str(account), "--limit", "1")) == 1
    assert "deposit" in run("ledger", "entries", str(account))
    assert (
        stored_rows(dsn, "SELECT action, actor FROM audit_events WHERE action LIKE 'account.%'")
        == [("account.deposited", None)] * 2
    )


@pytest.mark.parametrize(
    ("amount", "message"),
    [
        ("many", "AMOUNT must be a decimal number such as 12.50, got 'many'."),
        ("0", "The amount must be greater than zero."),
        ("NaN", "The amount must be greater than zero."),
        ("0.5", "An amount in JPY has at most 0 decimals."),
    ],
)
def test_an_amount_that_no_account_can_have(run: Run, account: int, amount: str, message: str) -> None:
    with pytest.raises(CommandError) as raised:
        run("ledger", "deposit", str(account), amount)
    assert str(raised.value) == message
    assert loaded(run, "entries", str(account)) == []


def test_a_deposit_needs_an_account_of_a_user(run: Run, account: int) -> None:
    run("ledger", "deposit", str(account), "1")
    for number in (account + 1, 999):
        with pytest.raises(CommandError, match="no such account"):
            run("ledger", "deposit", str(number), "1")
    assert "Users open accounts over the API" in run("ledger", "accounts", _other(run))


def _other(run: Run) -> str:
    run("users", "create", "bob@example.com")
    return "bob@example.com"


def test_a_check_names_what_is_wrong(run: Run, account: int, dsn: str) -> None:
    run("ledger", "deposit", str(account), "5")
    assert "The ledger balances" in run("ledger", "check")
    assert loaded(run, "check") == {"currencies": [], "transfers": [], "accounts": []}
    assert "every currency, transfer and account balances" in run("doctor")
    ((uid,),) = stored_rows(dsn, "UPDATE accounts SET balance = 6 WHERE id = $1 RETURNING uid", account)
    assert loaded(run, "check", code=1) == {"currencies": ["JPY"], "transfers": [], "accounts": [str(uid)]}
    assert f"Wrong accounts: {uid}" in run("ledger", "check", code=1)
    assert f"wrong: JPY, {uid}" in run("doctor", code=1)
