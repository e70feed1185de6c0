"""The benchmark of transfers moves money on both sides, and the ledger balances afterwards."""

import asyncpg

from tests.benchmarks.ledger import measure
from tests.support.postgres import clone, owner_dsn


async def test_the_ratio_comes_from_transfers_of_both_sides(admin_dsn: str) -> None:
    dsn = owner_dsn(await clone(admin_dsn, "bench_ledger"))
    figure = await measure(dsn, rounds=1, number=20)
    connection = await asyncpg.connect(dsn)
    try:
        counts = await connection.fetchrow("""
            SELECT (SELECT count(*) FROM transfers WHERE kind = 'transfer'), (SELECT sum(balance) FROM accounts),
                (SELECT count(*) FROM events WHERE type = 'transfer.created' AND payload->>'kind' = 'transfer')
        """)
    finally:
        await connection.close()
    # Two rounds, of which the first does not count, with both sides each; only the service records events.
    assert tuple(counts) == (80, 0, 40)
    assert figure.at_least == 0.6
    assert figure.value > 0
