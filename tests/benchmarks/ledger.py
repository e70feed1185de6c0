"""Transfers: ``python -m tests.benchmarks.ledger``, with ``--rounds`` for more of them.

The ratio of two rates, the median over interleaved rounds on a server that syncs its commits: transfers by the service,
which also reads both accounts, checks who may move the money, and records the event / calls of the function of the
database alone, committed one by one. Both sides have the same writers, with a connection each, and the same accounts.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from random import Random
from typing import Annotated, Final

import asyncpg
import typer
from pydantic import SecretStr
from uuid_utils.compat import uuid7

from app.kit.clock import utc_now
from app.kit.db.database import Database
from app.ledger.views import AccountView
from app.models import User
from app.settings.database import DatabaseSettings
from tests.benchmarks.database import add_caller, new_database
from tests.benchmarks.figures import Figure, in_turns
from tests.support.bank import Bank

ACCOUNTS: Final = 50
TRANSFERS: Final = 1500
WRITERS: Final = 16
_MOVE: Final = "SELECT ledger_move($1, $2, $3, $4, 'transfer', NULL, NULL, 0, $5, $6)"

Transfer = Callable[[AccountView, AccountView], Awaitable[object]]


async def rate(accounts: Sequence[AccountView], number: int, transfers: Sequence[Transfer]) -> float:
    """Transfers a second between random accounts, by as many writers as there are functions."""
    chance = Random(18)  # noqa: S311 - repeatable
    left = iter([chance.sample(accounts, 2) for _ in range(number)])

    async def write(transfer: Transfer) -> None:
        for payer, payee in left:
            await transfer(payer, payee)

    started = time.perf_counter()
    await asyncio.gather(*(write(transfer) for transfer in transfers))
    return number / (time.perf_counter() - started)


async def measure(dsn: str, rounds: int, number: int = TRANSFERS) -> Figure:
    """The ratio. The first round warms up and does not count."""
    connections = [await asyncpg.connect(dsn) for _ in range(WRITERS)]
    await add_caller(connections[0])
    row = await connections[0].fetchrow("SELECT id, uid FROM users")
    owner = User(id=row["id"], uid=row["uid"])
    database = await Database.open(dsn, DatabaseSettings(url=SecretStr(dsn), write_pool_size=WRITERS))
    bank = Bank(database)
    accounts = [await bank.open(owner, funds="1000000") for _ in range(ACCOUNTS)]

    async def by_service(payer: AccountView, payee: AccountView) -> None:
        await bank.transfer(owner, payer, payee, "0.01")

    def by_function(connection: "asyncpg.Connection[asyncpg.Record]") -> Transfer:
        async def move(payer: AccountView, payee: AccountView) -> None:
            done = await connection.fetchval(_MOVE, uuid7(), payer.id, payee.id, Decimal("0.01"), owner.uid, utc_now())
            assert done == "done", done

        return move

    try:
        ratio = await in_turns(
            rounds,
            lambda: rate(accounts, number, [by_service] * WRITERS),
            lambda: rate(accounts, number, [by_function(connection) for connection in connections]),
        )
    finally:
        await database.close()
        for connection in connections:
            await connection.close()
    return Figure("transfers / calls of the function of the database", ratio, at_least=0.6)


def main(rounds: Annotated[int, typer.Option(min=1, help="Rounds that count.")] = 7) -> None:
    """Print the ratio. The command starts PostgreSQL with a temporary folder, and stops it at the end."""
    with new_database() as (dsn, _):
        found = asyncio.run(measure(dsn, rounds))
    sys.stdout.write(f"{found}\n")


if __name__ == "__main__":
    typer.run(main)
