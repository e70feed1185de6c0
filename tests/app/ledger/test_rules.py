"""Who may do what, which error a mistake gives, and what a check of the ledger finds: each rule alone."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy import text

from app.access.principal import Principal
from app.errors import InsufficientPermissions, Unauthenticated
from app.events.recorder import EventRecorder
from app.ledger.commands import HoldDraft, TransferDraft
from app.ledger.errors import (
    AmountTooPrecise,
    CurrencyMismatch,
    MoneyNeedsLiveKey,
    PayeeNotFound,
    PayerNotFound,
    SameAccount,
    UnknownCurrency,
)
from app.ledger.metrics import LedgerMetrics
from app.ledger.monitoring import LedgerMonitor
from app.ledger.operator import LedgerOperator
from app.ledger.queries import LedgerCheckQueries, LedgerQueries
from app.ledger.reader import LedgerReader
from app.ledger.service import LedgerService
from app.ledger.views import AccountView
from app.plans.names import TEST
from observability.metrics.metrics import Metrics
from tests.support.app import Person, TestApp
from tests.support.bank import Bank, two_accounts
from tests.support.postgres import owner_dsn
from tests.support.transactions import dsn_of

READ, WRITE = "ledger:read", "ledger:write"
EUR = Decimal("12.50")


async def write(test_app: TestApp, principal: Principal, act: str, *arguments: Any) -> Any:
    async with test_app.runtime.database.write() as session:
        service = LedgerService(session, principal, EventRecorder(session), LedgerMetrics(Metrics()))
        return await getattr(service, act)(*arguments)


def caller(person: Person, *permissions: str) -> Principal:
    return Principal(person.user.id, person.user.uid, (), frozenset(permissions))


async def test_a_use_case_needs_its_permissions_whoever_calls_it(test_app: TestApp) -> None:
    """Of every use case, without HTTP: a job or a command passes no route that declares them."""
    ada, payer, payee = await two_accounts(test_app)
    draft = TransferDraft(payer.uid, payee.uid, EUR)
    bank = Bank(test_app.runtime.database)
    transfer = await bank.transfer(ada.user, payer, payee, "1")
    hold = await bank.hold(ada.user, payer, payee, "1")
    reads: dict[str, tuple[Any, ...]] = {
        "accounts": (),
        "account_page": (None, 1),
        "account": (payer.uid,),
        "entries": (payer.uid, None, 1),
        "transfer": (transfer,),
        "hold": (hold,),
    }
    writes: dict[str, tuple[Any, ...]] = {
        "open": ("EUR",),
        "transfer": (draft,),
        "reverse": (transfer,),
        "hold": (HoldDraft(draft, timedelta(hours=1)),),
        "capture": (hold,),
        "release": (hold,),
    }

    def reading(principal: Principal, act: str) -> Callable[[], Awaitable[Any]]:
        return lambda: getattr(LedgerReader(test_app.runtime.database.reads, principal), act)(*reads[act])

    for act in reads:
        with pytest.raises(InsufficientPermissions):
            await reading(caller(ada, WRITE), act)()
        with pytest.raises(Unauthenticated):
            await reading(Principal(None, None, (), frozenset([READ])), act)()
        await reading(caller(ada, READ), act)()
    for act, arguments in writes.items():
        for permissions in ([READ], [WRITE], []):
            with pytest.raises(InsufficientPermissions):
                await write(test_app, caller(ada, *permissions), act, *arguments)
        with pytest.raises(Unauthenticated):
            await write(test_app, Principal(None, None, (), frozenset([READ, WRITE])), act, *arguments)


async def test_a_test_key_moves_no_money_and_releases_what_is_held(test_app: TestApp) -> None:
    ada, payer, payee = await two_accounts(test_app)
    draft, bank = TransferDraft(payer.uid, payee.uid, EUR), Bank(test_app.runtime.database)
    transfer, hold = await bank.transfer(ada.user, payer, payee, "1"), await bank.hold(ada.user, payer, payee, "1")
    trial = replace(caller(ada, READ, WRITE), plan=TEST)
    for act, argument in (
        ("transfer", draft),
        ("reverse", transfer),
        ("hold", HoldDraft(draft, timedelta(hours=1))),
        ("capture", hold),
    ):
        with pytest.raises(MoneyNeedsLiveKey):
            await write(test_app, trial, act, argument)
    assert (await write(test_app, trial, "release", hold)).state == "released"
    assert (await write(test_app, trial, "open", "EUR")).balance == 0


async def test_a_mistake_in_a_transfer_names_its_field(test_app: TestApp) -> None:
    ada, payer, payee = await two_accounts(test_app)
    bob = await test_app.person("bob@example.com")
    bank = Bank(test_app.runtime.database)
    foreign = await bank.open(bob.user)
    dollars = await bank.open(ada.user, "USD")
    unknown = uuid4()
    mistakes: list[tuple[TransferDraft, type[Exception], str | None]] = [
        (TransferDraft(foreign.uid, payee.uid, EUR), PayerNotFound, "from_account_id"),
        (TransferDraft(unknown, payee.uid, EUR), PayerNotFound, "from_account_id"),
        # Not the caller's: whether both are the same says nothing more.
        (TransferDraft(foreign.uid, foreign.uid, EUR), PayerNotFound, "from_account_id"),
        (TransferDraft(payer.uid, unknown, EUR), PayeeNotFound, "to_account_id"),
        (TransferDraft(payer.uid, payer.uid, EUR), SameAccount, "to_account_id"),
        (TransferDraft(payer.uid, payee.uid, EUR, "EURO"), UnknownCurrency, "currency"),
        (TransferDraft(payer.uid, payee.uid, EUR, "USD"), CurrencyMismatch, None),
        (TransferDraft(payer.uid, dollars.uid, EUR), CurrencyMismatch, None),
        (TransferDraft(payer.uid, dollars.uid, EUR, "USD"), CurrencyMismatch, None),
        (TransferDraft(payer.uid, dollars.uid, EUR, "EUR"), CurrencyMismatch, None),
        (TransferDraft(payer.uid, payee.uid, Decimal("0.001")), AmountTooPrecise, "amount"),
    ]
    for draft, error, field in mistakes:
        for act, arguments in (("transfer", draft), ("hold", HoldDraft(draft, timedelta(hours=1)))):
            with pytest.raises(error) as raised:
                await write(test_app, caller(ada, READ, WRITE), act, arguments)
            found: Any = raised.value
            assert [each.path for each in found.fields] == ([] if field is None else [(field,)])
    await write(test_app, caller(ada, READ, WRITE), "transfer", TransferDraft(payer.uid, payee.uid, EUR, "EUR"))


async def test_a_deposit_is_checked_and_audited_and_comes_from_the_system(test_app: TestApp) -> None:
    """Also when a deleted user had an account of the currency: it has no owner any more, and is no system account."""
    gone = await test_app.person("gone@example.com")
    bank = Bank(test_app.runtime.database)
    await bank.open(gone.user)
    async with test_app.runtime.database.write() as session:
        await session.execute(text("DELETE FROM users WHERE id = :id"), {"id": gone.user.id})
    _, account, _ = await two_accounts(test_app)
    async with test_app.runtime.database.write() as session:
        operator = LedgerOperator(session, LedgerMetrics(Metrics()))
        with pytest.raises(AmountTooPrecise):
            await operator.deposit(account.id, Decimal("0.001"))
        transfer = await operator.deposit(account.id, Decimal("2.5"))
    async with test_app.runtime.database.write() as session:
        statement = "SELECT target, actor, detail FROM audit_events WHERE action = 'account.deposited' ORDER BY at, uid"
        row = (await session.execute(text(statement))).all()[-1]
    detail = {"transfer": str(transfer.uid), "amount": "2.50", "currency": "EUR"}
    assert tuple(row) == (f"account:{account.uid}", None, detail)
    assert (transfer.kind, transfer.payer_owner_id, transfer.payee_uid) == ("deposit", None, account.uid)


async def test_an_account_and_its_entries_from_either_side(test_app: TestApp) -> None:
    ada, payer, payee = await two_accounts(test_app)
    bank, queries = Bank(test_app.runtime.database), LedgerQueries(test_app.runtime.database.reads)
    await bank.transfer(ada.user, payer, payee, "30")
    await bank.hold(ada.user, payer, payee, "20")
    found = await queries.account(payer.uid)
    assert found is not None
    assert (found.balance, found.held, found.available) == (70, 20, 50)
    for account, other, amount in ((payer, payee, -30), (payee, payer, 30)):
        entry = (await queries.entry_page(account.id, None, 1)).items[0]
        assert (entry.counterparty_uid, entry.amount, entry.kind) == (other.uid, amount, "transfer")


@pytest.fixture
async def ledger(concurrent_app: TestApp) -> tuple[Person, AccountView, AccountView, AccountView]:
    """A sound ledger of two currencies, with holds in each state."""
    ada, payer, payee = await two_accounts(concurrent_app)
    bank = Bank(concurrent_app.runtime.database)
    other = await bank.open(ada.user, "JPY", funds="7")
    for amount in ("1", "2", "3"):
        await bank.transfer(ada.user, payer, payee, amount)
    await bank.hold(ada.user, payer, payee, "1")
    await bank.capture(ada.user, await bank.hold(ada.user, payer, payee, "2"))
    await bank.release(ada.user, await bank.hold(ada.user, payer, payee, "4"))
    return ada, payer, payee, other


async def tamper(test_app: TestApp, *statements: str) -> None:
    """Change rows as the owner of the tables, without triggers."""
    connection = await asyncpg.connect(owner_dsn(dsn_of(test_app)))
    try:
        await connection.execute("SET session_replication_role = replica")
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.mark.parametrize(
    ("changes", "currencies", "accounts"),
    [
        (["UPDATE accounts SET balance = balance - 1 WHERE id = {payer}"], {"EUR"}, {"payer"}),
        (["UPDATE accounts SET balance = balance + 1 WHERE id = {payer}"], {"EUR"}, {"payer"}),
        # The sum of the entries is right, what the last one says is not.
        (["UPDATE entries SET balance_after = balance_after + 1 WHERE id = ({last})"], set(), {"payer"}),
        # The last entry says what the account has; an earlier transfer was doubled with both of its entries.
        (
            [
                "UPDATE entries SET amount = amount * 2 WHERE transfer_id = ({transfer})",
                "UPDATE transfers SET amount = amount * 2 WHERE id = ({transfer})",
            ],
            set(),
            {"payer", "payee"},
        ),
        (["UPDATE holds SET state = 'released', resolved_at = now() WHERE state = 'pending'"], set(), {"payer"}),
        (["UPDATE accounts SET held = 0 WHERE id = {payer}"], set(), {"payer"}),
        (
            ["UPDATE accounts SET balance = balance + 1 WHERE id IN ({payer}, {payee}, {other})"],
            {"EUR", "JPY"},
            {"payer", "payee", "other"},
        ),
    ],
)
async def test_a_check_finds_each_difference(
    concurrent_app: TestApp,
    ledger: tuple[Person, AccountView, AccountView, AccountView],
    changes: list[str],
    currencies: set[str],
    accounts: set[str],
) -> None:
    views = dict(zip(("payer", "payee", "other"), ledger[1:], strict=True))
    checks = LedgerCheckQueries(concurrent_app.runtime.database.reads)
    assert (await checks.everything()).count == 0
    assert await checks.pending_holds() == 1
    names: dict[str, Any] = {name: view.id for name, view in views.items()}
    names["last"] = f"SELECT max(id) FROM entries WHERE account_id = {views['payer'].id}"  # noqa: S608 - a number
    names["transfer"] = "SELECT min(id) FROM transfers WHERE kind = 'transfer'"
    await tamper(concurrent_app, *(each.format(**names) for each in changes))
    found = await checks.everything()
    assert set(found.currencies) == set((await checks.balances()).currencies) == currencies
    assert set(found.accounts) == {str(views[name].uid) for name in accounts}
    assert found.count == len(currencies) + len(accounts)


async def test_the_frequent_check_reads_the_last_thousand_transfers(
    concurrent_app: TestApp, ledger: tuple[Person, AccountView, AccountView, AccountView]
) -> None:
    _, payer, payee, _ = ledger
    many = (
        "WITH made AS (INSERT INTO transfers (uid, debit_id, credit_id, currency, amount, kind)"  # noqa: S608 - numbers
        f" SELECT gen_random_uuid(), {payer.id}, {payee.id}, 'EUR', 1, 'transfer' FROM generate_series(1, 998)"
        " RETURNING id)"
        " INSERT INTO entries (transfer_id, account_id, currency, amount, balance_after)"
        f" SELECT id, {payer.id}, 'EUR', -1, 0 FROM made UNION ALL SELECT id, {payee.id}, 'EUR', 1, 0 FROM made"
    )
    wrong = "DELETE FROM entries WHERE amount > 0 AND transfer_id = (SELECT {} FROM transfers)"
    await tamper(concurrent_app, wrong.format("max(id)"), many)
    checks = LedgerCheckQueries(concurrent_app.runtime.database.reads)
    assert len((await checks.recent_transfers()).transfers) == 1, "the oldest of the thousand but one"
    await tamper(concurrent_app, many, wrong.format("max(id)"))
    found = await checks.recent_transfers()
    assert len(found.transfers) == 1, "the newest, and not the one before the thousand"
    assert len((await checks.everything()).transfers) == 2


async def test_pending_holds_are_exposed(
    concurrent_app: TestApp, ledger: tuple[Person, AccountView, AccountView, AccountView]
) -> None:
    ada, payer, payee, _ = ledger
    metrics = Metrics()
    monitor = LedgerMonitor(concurrent_app.runtime.database.reads, metrics.group(LedgerMetrics))
    await Bank(concurrent_app.runtime.database).hold(ada.user, payer, payee, "1")
    await monitor.check_recent()
    assert metrics.registry.get_sample_value("ledger_pending_holds") == 2


def test_one_process_that_finds_a_violation_is_enough(tmp_path: Path) -> None:
    """Every process checks the same ledger, so the values are no sum; an old one must not hide a new violation."""
    processes = [Metrics((), folder=tmp_path) for _ in range(2)]
    for process, found in zip(processes, (0, 3), strict=True):
        process.group(LedgerMetrics).imbalance.labels("all").set(found)
        process.group(LedgerMetrics).pending_holds.set(found)
    for process in processes:
        sample = process.registry.get_sample_value
        assert sample("ledger_imbalance", {"check": "all"}) == sample("ledger_pending_holds") == 3
