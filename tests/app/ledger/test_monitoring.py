"""Checks find rows that were changed past the functions of the ledger, and the worker releases expired holds."""

import asyncio
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import asyncpg
import pytest
from structlog.testing import capture_logs

from app.errors import Unavailable
from app.http.ledger import CHECK_SECONDS, LedgerComponent
from app.kit.clock import utc_now
from app.ledger.metrics import LedgerMetrics
from app.ledger.monitoring import LedgerMonitor
from app.ledger.operator import LedgerHousekeeping
from app.ledger.queries import LedgerCheckQueries
from app.ledger.repository import LedgerRepository
from app.ledger.views import AccountView
from app.models import User
from observability.metrics.metrics import Metrics
from tests.support.app import TestApp
from tests.support.bank import Bank
from tests.support.postgres import owner_dsn
from tests.support.transactions import dsn_of, owner_of
from tests.support.waiting import eventually


@pytest.fixture
async def money(concurrent_app: TestApp) -> tuple[Bank, User, AccountView, AccountView]:
    """100 EUR of a user, who transferred 40 of them, and holds 10."""
    ada = (await concurrent_app.person("ada@example.com")).user
    bank = Bank(concurrent_app.runtime.database)
    payer, payee = await bank.open(ada, funds="100"), await bank.open(ada)
    await bank.transfer(ada, payer, payee, "40")
    await bank.hold(ada, payer, payee, "10")
    return bank, ada, payer, payee


async def tamper(test_app: TestApp, statement: str, *values: object) -> None:
    """Run a statement as the owner of the tables, without triggers."""
    connection = await asyncpg.connect(owner_dsn(dsn_of(test_app)))
    try:
        await connection.execute("SET session_replication_role = replica")
        await connection.execute(statement, *values)
    finally:
        await connection.close()


@pytest.mark.usefixtures("money")
async def test_a_sound_ledger_has_no_violations(concurrent_app: TestApp) -> None:
    checks = LedgerCheckQueries(concurrent_app.runtime.database.reads)
    found = await checks.balances(), await checks.recent_transfers(), await checks.everything()
    assert [each.count for each in found] == [0, 0, 0]
    assert await checks.pending_holds() == 1


@pytest.mark.parametrize("change", ["balance = balance + 0.0001", "held = held + 1"])
async def test_a_changed_account_is_found(
    concurrent_app: TestApp, money: tuple[Bank, User, AccountView, AccountView], change: str
) -> None:
    _, _, payer, _ = money
    await tamper(concurrent_app, f"UPDATE accounts SET {change} WHERE id = $1", payer.id)  # noqa: S608 - a constant
    checks = LedgerCheckQueries(concurrent_app.runtime.database.reads)
    found = await checks.everything()
    assert found.accounts == [str(payer.uid)]
    assert list((await checks.balances()).currencies) == (["EUR"] if change.startswith("balance") else [])


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM entries WHERE transfer_id = $1 AND amount < 0",
        "UPDATE entries SET amount = amount * 2 WHERE transfer_id = $1",
        "UPDATE entries SET amount = amount + 1 WHERE transfer_id = $1 AND amount > 0",
        "DELETE FROM entries WHERE transfer_id = $1",
    ],
)
async def test_a_transfer_with_wrong_entries_is_found(
    concurrent_app: TestApp, money: tuple[Bank, User, AccountView, AccountView], statement: str
) -> None:
    bank, ada, payer, payee = money
    uid = await bank.transfer(ada, payer, payee, "5")
    await bank.transfer(ada, payer, payee, "6")
    async with concurrent_app.runtime.database.write() as session:
        driver = await session.driver()
        number = await driver.fetchval("SELECT id FROM transfers WHERE uid = $1", uid)
    await tamper(concurrent_app, statement, number)
    checks = LedgerCheckQueries(concurrent_app.runtime.database.reads)
    assert (await checks.recent_transfers()).transfers == [str(uid)]
    assert (await checks.everything()).transfers == [str(uid)]


async def test_what_is_found_is_logged_and_exposed(
    concurrent_app: TestApp, money: tuple[Bank, User, AccountView, AccountView]
) -> None:
    _, _, payer, _ = money
    metrics = Metrics()
    monitor = LedgerMonitor(concurrent_app.runtime.database.reads, metrics.group(LedgerMetrics))

    def exposed(check: str) -> Any:
        return metrics.registry.get_sample_value("ledger_imbalance", {"check": check})

    with capture_logs() as logs:
        await monitor.check_recent()
        await monitor.check_everything()
    assert logs == []
    assert [exposed(check) for check in ("balances", "transfers", "all")] == [0, 0, 0]
    await tamper(concurrent_app, "UPDATE accounts SET balance = balance + 1 WHERE id = $1", payer.id)
    with capture_logs() as logs:
        await monitor.check_recent()
        await monitor.check_everything()
    assert [exposed(check) for check in ("balances", "transfers", "all")] == [1, 0, 2]
    assert [(line["event"], line["log_level"], line["check"]) for line in logs] == [
        ("ledger_imbalance", "error", "balances"),
        ("ledger_imbalance", "error", "all"),
    ]
    assert logs[1]["accounts"] == [str(payer.uid)]


async def test_each_process_checks_at_its_start(concurrent_app: TestApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.http.ledger.CHECK_SECONDS", 3600)
    component = concurrent_app.runtime.get(LedgerComponent)
    registry = concurrent_app.runtime.metrics.registry

    # Every check is exposed before it ran.
    imbalance = concurrent_app.runtime.metrics.group(LedgerMetrics).imbalance.labels("transfers")
    assert registry.get_sample_value("ledger_imbalance", {"check": "transfers"}) == 0
    imbalance.set(7)

    async def checked() -> bool:
        return registry.get_sample_value("ledger_imbalance", {"check": "transfers"}) == 0

    async with component.running():
        await eventually(checked)


async def test_a_process_checks_again_and_again_and_no_more_at_its_end(
    concurrent_app: TestApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert CHECK_SECONDS <= 15, "the alert promises minutes"
    monkeypatch.setattr("app.http.ledger.CHECK_SECONDS", 0.01)
    component = concurrent_app.runtime.get(LedgerComponent)
    runs = 0

    async def check(_monitor: LedgerMonitor) -> None:
        nonlocal runs
        runs += 1
        if runs == 2:
            message = "an outage ends no check"
            raise Unavailable(message)

    async def repeated() -> bool:
        return runs > 3

    monkeypatch.setattr(LedgerMonitor, "check_recent", check)
    others = asyncio.all_tasks()
    async with component.running():
        await eventually(repeated)
        own = asyncio.all_tasks() - others
        assert len(own) == 1
    assert all(task.done() for task in own)


async def test_expired_holds_are_released_once(
    concurrent_app: TestApp, money: tuple[Bank, User, AccountView, AccountView]
) -> None:
    bank, ada, payer, payee = money
    expired = await bank.hold(ada, payer, payee, "20", timedelta(seconds=-1))
    housekeeping = LedgerHousekeeping(concurrent_app.runtime.database, LedgerMetrics(Metrics()))
    assert await housekeeping.expire_holds() == 1
    assert await housekeeping.expire_holds() == 0
    async with concurrent_app.runtime.database.write() as session:
        driver = await session.driver()
        row = await driver.fetchrow("SELECT state, resolved_at FROM holds WHERE uid = $1", expired)
        held = await driver.fetchval("SELECT held FROM accounts WHERE id = $1", payer.id)
        events = await driver.fetchval(
            "SELECT count(*) FROM events WHERE type = 'hold.resolved' AND subject_uid = $1", expired
        )
    assert row["state"] == "expired"
    assert row["resolved_at"] <= utc_now()
    assert (held, events) == (Decimal(10), 1)


async def test_a_run_releases_the_oldest_holds_first_and_skips_those_that_it_cannot_release(
    concurrent_app: TestApp, money: tuple[Bank, User, AccountView, AccountView], monkeypatch: pytest.MonkeyPatch
) -> None:
    bank, ada, payer, payee = money
    other = await bank.open(ada, funds="10")
    payers = {"newest": payer, "resolved": payer, "busy": other, "oldest": payer}
    holds = {
        name: await bank.hold(ada, each, payee, "1", timedelta(hours=hours))
        for (name, each), hours in zip(payers.items(), (-1, -2, -3, -4), strict=True)
    }
    monkeypatch.setattr("app.ledger.operator._BATCH", 3)
    release = LedgerRepository.release

    async def release_late(repository: LedgerRepository, number: int, result: str, at: datetime) -> None:
        if (number, result) == (resolved, "expired"):
            # After the holds were read, and before this one is locked.
            await bank.release(ada, holds["resolved"])
        await release(repository, number, result, at)

    housekeeping = LedgerHousekeeping(concurrent_app.runtime.database, LedgerMetrics(Metrics()))
    async with owner_of(concurrent_app.runtime.database) as owner, owner.transaction():
        await owner.execute("SELECT 1 FROM accounts WHERE id = $1 FOR UPDATE", other.id)
        resolved = await owner.fetchval("SELECT id FROM holds WHERE uid = $1", holds["resolved"])
        with monkeypatch.context() as patch:
            patch.setattr(LedgerRepository, "release", release_late)
            assert await housekeeping.expire_holds() == 1
    async with concurrent_app.runtime.database.write() as session:
        driver = await session.driver()
        states = {row["uid"]: row["state"] for row in await driver.fetch("SELECT uid, state FROM holds")}
    assert [states[holds[name]] for name in ("oldest", "busy", "resolved", "newest")] == [
        "expired",
        "pending",
        "released",
        "pending",
    ]
    assert await housekeeping.expire_holds() == 2
