"""The database moves money, checks each transfer at commit and keeps the history, whatever the application does."""

from decimal import Decimal
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text

from app.ledger.errors import AlreadyReversed, BalanceTooLarge, HoldResolved, InsufficientFunds
from tests.support.app import TestApp
from tests.support.bank import Bank, outcome
from tests.support.postgres import owner_dsn
from tests.support.transactions import dsn_of, race

TRANSFER = (
    "INSERT INTO transfers (uid, debit_id, credit_id, currency, amount, kind)"
    " VALUES (gen_random_uuid(), $1, $2, 'EUR', 5, 'transfer') RETURNING id"
)
ENTRY = "INSERT INTO entries (transfer_id, account_id, currency, amount, balance_after) VALUES ($1, $2, 'EUR', $3, 0)"


async def connect(test_app: TestApp) -> "asyncpg.Connection[asyncpg.Record]":
    return await asyncpg.connect(owner_dsn(dsn_of(test_app)))


async def two_accounts(test_app: TestApp, funds: str = "100") -> tuple[Bank, Any, Any, Any]:
    ada = (await test_app.person("ada@example.com")).user
    bank = Bank(test_app.runtime.database)
    return bank, ada, await bank.open(ada, funds=funds), await bank.open(ada)


async def balances(test_app: TestApp) -> list[tuple[Decimal, Decimal]]:
    """Balance and held of every account; the system account is the second one."""
    async with test_app.runtime.database.write() as session:
        rows = await session.execute(text("SELECT balance, held FROM accounts ORDER BY id"))
        return [(row[0], row[1]) for row in rows]


@pytest.mark.parametrize("entries", [(), (-5,), (-5, 4), (-4, 4), (5, -5)])
async def test_a_transfer_whose_entries_do_not_balance_is_not_committed(
    concurrent_app: TestApp, entries: tuple[int, ...]
) -> None:
    _, _, payer, payee = await two_accounts(concurrent_app)
    connection = await connect(concurrent_app)
    try:
        transaction = connection.transaction()
        await transaction.start()
        number = await connection.fetchval(TRANSFER, payer.id, payee.id)
        for account, amount in zip((payer, payee), entries, strict=False):
            await connection.execute(ENTRY, number, account.id, Decimal(amount))
        with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="do not balance"):
            await transaction.commit()
        assert await connection.fetchval("SELECT count(*) FROM transfers WHERE kind = 'transfer'") == 0
    finally:
        await connection.close()


async def test_a_transfer_gets_no_entries_later(concurrent_app: TestApp) -> None:
    bank, ada, payer, payee = await two_accounts(concurrent_app)
    await bank.transfer(ada, payer, payee, "5")
    third = await bank.open(ada)
    connection = await connect(concurrent_app)
    try:
        number = await connection.fetchval("SELECT max(id) FROM transfers")
        for amount in (1, -1):
            with pytest.raises(asyncpg.UniqueViolationError):
                await connection.execute(ENTRY, number, third.id, Decimal(amount))
    finally:
        await connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entries SET amount = 1",
        "DELETE FROM entries",
        "TRUNCATE entries",
        "UPDATE transfers SET amount = 1",
        "DELETE FROM transfers",
        "TRUNCATE transfers, entries",
    ],
)
async def test_the_history_is_append_only(concurrent_app: TestApp, statement: str) -> None:
    await two_accounts(concurrent_app)
    connection = await connect(concurrent_app)
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.mark.parametrize("value", ["'NaN'", "'1e18'", "-0.0001", "'Infinity'"])
async def test_a_balance_is_a_bounded_number_above_the_floor(concurrent_app: TestApp, value: str) -> None:
    _, _, payer, _ = await two_accounts(concurrent_app)
    connection = await connect(concurrent_app)
    try:
        with pytest.raises((asyncpg.CheckViolationError, asyncpg.NumericValueOutOfRangeError)):
            await connection.execute(f"UPDATE accounts SET balance = {value} WHERE id = $1", payer.id)  # noqa: S608 - a constant
    finally:
        await connection.close()


@pytest.mark.parametrize("amount", ["0.00001", "NaN", "-1", "0", "1e15"])
async def test_the_function_rejects_an_amount_that_would_be_rounded(concurrent_app: TestApp, amount: str) -> None:
    _, _, payer, payee = await two_accounts(concurrent_app)
    connection = await connect(concurrent_app)
    try:
        with pytest.raises(asyncpg.PostgresError):
            await connection.fetchval(
                "SELECT ledger_move(gen_random_uuid(), $1, $2, $3, 'transfer', NULL, NULL, 0, NULL, now())",
                payer.id,
                payee.id,
                Decimal(amount),
            )
    finally:
        await connection.close()
    assert await balances(concurrent_app) == [(100, 0), (-100, 0), (0, 0)]


async def test_a_balance_has_a_limit(test_app: TestApp) -> None:
    bank, ada, payer, payee = await two_accounts(test_app, "999999999999999.99")
    await bank.transfer(ada, payer, payee, "999999999999999.99")
    other = await bank.open(ada, funds="0.01")
    with pytest.raises(BalanceTooLarge):
        await bank.transfer(ada, other, payee, "0.01")


async def test_held_money_cannot_be_spent(test_app: TestApp) -> None:
    bank, ada, payer, payee = await two_accounts(test_app)
    hold = await bank.hold(ada, payer, payee, "60")
    with pytest.raises(InsufficientFunds):
        await bank.transfer(ada, payer, payee, "40.01")
    with pytest.raises(InsufficientFunds):
        await bank.hold(ada, payer, payee, "40.01")
    await bank.transfer(ada, payer, payee, "40")
    assert await balances(test_app) == [(60, 60), (-100, 0), (40, 0)]
    await bank.release(ada, hold)
    assert await balances(test_app) == [(60, 0), (-100, 0), (40, 0)]


async def test_of_concurrent_transfers_only_those_that_are_covered_succeed(concurrent_app: TestApp) -> None:
    bank, ada, payer, payee = await two_accounts(concurrent_app)
    results = await race(concurrent_app, *(outcome(bank.transfer(ada, payer, payee, "40")) for _ in range(4)))
    assert sorted(type(result) is InsufficientFunds for result in results) == [False, False, True, True]
    assert await balances(concurrent_app) == [(20, 0), (-100, 0), (80, 0)]


async def test_a_transfer_is_reversed_once(concurrent_app: TestApp) -> None:
    bank, ada, payer, payee = await two_accounts(concurrent_app)
    uid = await bank.transfer(ada, payer, payee, "40")
    await bank.transfer(ada, payer, payee, "60")
    results = await race(concurrent_app, *(outcome(bank.reverse(ada, uid)) for _ in range(3)))
    assert sum(type(result) is AlreadyReversed for result in results) == 2
    assert await balances(concurrent_app) == [(40, 0), (-100, 0), (60, 0)]


async def test_a_hold_is_resolved_once(concurrent_app: TestApp) -> None:
    bank, ada, payer, payee = await two_accounts(concurrent_app)
    hold = await bank.hold(ada, payer, payee, "60")
    results = await race(
        concurrent_app,
        *(outcome(action(ada, hold)) for action in (bank.capture, bank.release, bank.capture)),
    )
    assert sum(type(result) is HoldResolved for result in results) == 2
    (payer_balance, held), _, (payee_balance, _) = await balances(concurrent_app)
    assert held == 0
    assert (payer_balance, payee_balance) in {(100, 0), (40, 60)}
