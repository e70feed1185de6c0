"""Users open accounts, and see them in order."""

from decimal import Decimal

import pytest
from sqlalchemy import text

from app.errors import Unauthenticated
from app.ledger.errors import (
    AccountNotFound,
    AmountAboveHold,
    AmountNotPositive,
    AmountTooPrecise,
    InsufficientFunds,
    PayeeNotFound,
    TooManyAccounts,
)
from app.ledger.metrics import LedgerMetrics
from app.ledger.operator import LedgerOperator
from app.ledger.queries import LedgerQueries
from app.ledger.repository import LedgerRepository
from app.ledger.service import MAX_ACCOUNTS
from observability.metrics.metrics import Metrics
from tests.support.app import TestApp
from tests.support.bank import Bank, outcome, two_accounts
from tests.support.transactions import race


async def test_a_user_has_at_most_100_accounts(test_app: TestApp) -> None:
    assert MAX_ACCOUNTS == 100
    ada = (await test_app.person("ada@example.com")).user
    bank = Bank(test_app.runtime.database)
    await bank.open(ada)
    async with test_app.runtime.database.write() as session:
        await session.execute(
            text(
                "INSERT INTO accounts (uid, owner_id, owner_uid, currency, floor)"
                " SELECT gen_random_uuid(), :id, :uid, 'EUR', 0 FROM generate_series(2, :number)"
            ),
            {"id": ada.id, "uid": ada.uid, "number": MAX_ACCOUNTS},
        )
    with pytest.raises(TooManyAccounts):
        await bank.open(ada)
    bob = (await test_app.person("bob@example.com")).user
    assert (await bank.open(bob)).balance == 0, "the accounts of others do not count"


async def test_accounts_that_are_opened_at_once_are_counted(
    concurrent_app: TestApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.ledger.service.MAX_ACCOUNTS", 1)
    ada = (await concurrent_app.person("ada@example.com")).user
    bank = Bank(concurrent_app.runtime.database)
    opened = await race(concurrent_app, *(outcome(bank.open(ada)) for _ in range(3)))
    assert sum(type(result) is TooManyAccounts for result in opened) == 2


async def test_a_user_who_was_deleted_meanwhile_opens_no_account(test_app: TestApp) -> None:
    """After the credentials were checked: the request fails as one of a caller who does not exist."""
    ada = (await test_app.person("ada@example.com")).user
    async with test_app.runtime.database.write() as session:
        await session.execute(text("DELETE FROM users WHERE id = :id"), {"id": ada.id})
    with pytest.raises(Unauthenticated):
        await Bank(test_app.runtime.database).open(ada)


async def test_the_account_of_an_operator_receives_no_money(test_app: TestApp) -> None:
    """Deposits come from it: no user sees it, and a deposit to it would be from itself."""
    ada, payer, _ = await two_accounts(test_app)
    bank, metrics = Bank(test_app.runtime.database), LedgerMetrics(Metrics())
    async with test_app.runtime.database.write() as session:
        system = await LedgerRepository(session).system_account("EUR")
    assert system.balance == -100
    with pytest.raises(PayeeNotFound):
        await bank.transfer(ada.user, payer, system, "1")
    for ref in (system.uid, system.id):
        with pytest.raises(AccountNotFound):
            async with test_app.runtime.database.write() as session:
                await LedgerOperator(session, metrics).deposit(ref, Decimal(1))


@pytest.mark.parametrize(
    ("amount", "error"),
    [("0", AmountNotPositive), ("-1", AmountNotPositive), ("0.001", AmountTooPrecise), ("10.01", AmountAboveHold)],
)
async def test_a_captured_amount_is_checked(test_app: TestApp, amount: str, error: type[Exception]) -> None:
    ada, payer, payee = await two_accounts(test_app)
    bank = Bank(test_app.runtime.database)
    hold = await bank.hold(ada.user, payer, payee, "10")
    with pytest.raises(error):
        await bank.capture(ada.user, hold, amount)


async def test_the_response_to_a_capture_shows_what_is_stored(test_app: TestApp) -> None:
    ada, payer, payee = await two_accounts(test_app)
    bank, queries = Bank(test_app.runtime.database), LedgerQueries(test_app.runtime.database.reads)
    for amount in (None, "4"):
        hold = await bank.hold(ada.user, payer, payee, "10")
        captured = await bank.capture(ada.user, hold, amount)
        assert captured == await queries.transfer(captured.uid)
        assert captured.hold_uid == hold


async def test_rejected_transfers_are_counted_by_reason(test_app: TestApp) -> None:
    ada, payer, payee = await two_accounts(test_app)
    metrics = Metrics()
    bank = Bank(test_app.runtime.database, metrics)
    for act in (bank.transfer, bank.hold):
        with pytest.raises(InsufficientFunds):
            await act(ada.user, payer, payee, "101")
    assert metrics.registry.get_sample_value("ledger_rejections_total", {"code": InsufficientFunds.code}) == 2


async def test_accounts_and_entries_have_pages(test_app: TestApp) -> None:
    ada = (await test_app.person("ada@example.com")).user
    bank, queries = Bank(test_app.runtime.database), LedgerQueries(test_app.runtime.database.reads)
    accounts = [await bank.open(ada, funds="10") for _ in range(3)]
    uids = [account.uid for account in accounts]
    assert [account.uid for account in await queries.accounts(ada.id)] == uids
    first = await queries.account_page(ada.id, None, 2)
    second = await queries.account_page(ada.id, first.next_position, 2)
    assert [account.uid for account in (*first.items, *second.items)] == uids[::-1]
    assert not second.has_more
    for amount in ("1", "2", "3"):
        await bank.transfer(ada, accounts[0], accounts[1], amount)
    page = await queries.entry_page(accounts[0].id, None, 3)
    rest = await queries.entry_page(accounts[0].id, page.next_position, 3)
    entries = [*page.items, *rest.items]
    assert [str(entry.amount) for entry in entries] == ["-3.0000", "-2.0000", "-1.0000", "10.0000"]
    assert [str(entry.balance_after) for entry in entries] == ["4.0000", "7.0000", "9.0000", "10.0000"]
    assert {entry.counterparty_uid for entry in page.items} == {uids[1]}
