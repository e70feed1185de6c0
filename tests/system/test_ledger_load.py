"""Concurrent transfers over both versions and two worker processes, one of which is killed, beside a model.

400 transfers between 12 accounts from 8 clients; with ``TESTS_DEEP=1`` 10,000 between 50 accounts from 32 clients.
"""

import asyncio
import os
import secrets
import signal
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from app.http.runtime import Runtime
from app.kit.db.database import Database
from app.ledger.queries import LedgerCheckQueries
from app.main import create_app
from app.settings.database import DatabaseSettings
from app.settings.root import Settings
from observability.run_folder import running_in
from tests.support.app import TestApp
from tests.support.bank import Bank
from tests.support.ledger_load import Load, Money, plan
from tests.support.limits import POLICIES, set_plans
from tests.support.live import Strata, free_port, wait_until_ready
from tests.support.postgres import clone
from tests.support.transactions import owner_of
from tests.support.waiting import eventually

DEEP = os.environ.get("TESTS_DEEP") == "1"
TRANSFERS, ACCOUNTS, CLIENTS = (10_000, 50, 32) if DEEP else (400, 12, 8)
FUNDS = Decimal(100)
_HELD = """
    SELECT count(*) > 0 FROM pg_stat_activity
    WHERE datname = current_database() AND state = 'idle in transaction'
        AND clock_timestamp() - state_change > interval '0.4 seconds'
"""
"""Whether a process leaves its transaction open."""


@dataclass
class World:
    """A database with accounts, and the server over it."""

    strata: Strata
    database: Database
    accounts: list[Money]

    def workers(self) -> list[int]:
        (folder,) = running_in(self.strata.home / "runs")
        return folder.pids()

    async def kill_within_a_transfer(self) -> None:
        """Freeze a worker until it does so within a transaction, and kill it."""
        pid = self.workers()[0]

        async def is_within() -> bool:
            os.kill(pid, signal.SIGSTOP)
            await asyncio.sleep(0.5)
            async with owner_of(self.database) as owner:
                if await owner.fetchval(_HELD):
                    return True
            os.kill(pid, signal.SIGCONT)
            return False

        await eventually(is_within)
        os.kill(pid, signal.SIGKILL)


@pytest.fixture
async def world(admin_dsn: str, tmp_path: Path, settings: Settings) -> AsyncIterator[World]:
    dsn = await clone(admin_dsn, "load")
    database = await Database.open(dsn, settings[DatabaseSettings])
    try:
        async with database.write() as session:
            await (await session.driver()).execute(set_plans(POLICIES))
        test_app = TestApp(create_app(settings), Runtime.build(settings, database))
        people = [await test_app.person(f"user{number}@example.com") for number in range(5)]
        bank = Bank(database)
        owners = [people[number % len(people)] for number in range(ACCOUNTS)]
        accounts = [Money(owner, await bank.open(owner.user, funds=str(FUNDS))) for owner in owners]
        yield World(Strata(tmp_path / "home", dsn, STRATA_LOG__FORMAT="json"), database, accounts)
    finally:
        await database.close()


async def test_concurrent_transfers_follow_the_model(world: World) -> None:
    port, seed = free_port(), secrets.randbits(32)
    with world.strata.running("serve", "--workers", "2", PORT=str(port)) as process:
        url = f"http://127.0.0.1:{port}"
        await asyncio.to_thread(wait_until_ready, url, process, lambda: world.strata.log("serve"))

        async def two_workers() -> bool:
            return len(world.workers()) == 2

        await eventually(two_workers)
        load = Load(url)
        running = asyncio.create_task(load.run(plan(world.accounts, TRANSFERS, seed), CLIENTS))
        half = asyncio.create_task(load.half.wait())
        await asyncio.wait({running, half}, return_when=asyncio.FIRST_COMPLETED)
        assert not running.done(), await running
        await world.kill_within_a_transfer()
        await running
        assert load.broken, "the clients of the killed worker got no response"
    print(f"seed {seed}: {load.seen}, broken {load.broken}, replays {load.replays}")  # noqa: T201 - of a failed run
    await ensure_model(world, load)


async def ensure_model(world: World, load: Load) -> None:
    """Balances are those of the model, each key was executed once, and no client saw an error of the server."""
    model: dict[int, Decimal] = defaultdict(lambda: FUNDS)
    for done in load.executed:
        model[done.payer.view.id] -= done.amount
        model[done.payee.view.id] += done.amount
    assert len(load.executed) + load.rejected == TRANSFERS
    assert load.executed
    assert load.seen["unavailable"] < TRANSFERS / 20, load.seen
    async with world.database.write() as session:
        driver = await session.driver()
        found = {row["id"]: row["balance"] for row in await driver.fetch("SELECT id, balance FROM accounts")}
        assert {each.view.id: found[each.view.id] for each in world.accounts} == {
            each.view.id: model[each.view.id] for each in world.accounts
        }
        assert sum(found.values()) == 0
        lowest = "SELECT min(e.balance_after) FROM entries e JOIN accounts a ON a.id = e.account_id WHERE a.floor = 0"
        assert await driver.fetchval(lowest) >= 0
        stored = await driver.fetchrow(
            "SELECT (SELECT count(*) FROM transfers WHERE kind = 'transfer') AS transfers,"
            " (SELECT count(*) FROM idempotency_records) AS records,"
            " (SELECT count(*) FROM events WHERE type = 'transfer.created') AS events,"
            " (SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()) AS deadlocks"
        )
    assert stored["transfers"] == stored["records"] == len(load.executed)
    assert stored["events"] == len(load.executed) + ACCOUNTS, "one for each transfer and each deposit"
    assert stored["deadlocks"] == 0
    assert (await LedgerCheckQueries(world.database.reads).everything()).count == 0
