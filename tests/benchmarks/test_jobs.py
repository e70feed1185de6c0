"""The benchmark of jobs and events runs every job and writes every event of its rounds."""

import asyncpg

from tests.benchmarks.jobs import measure
from tests.support.postgres import clone, owner_dsn


async def test_both_ratios_come_from_jobs_that_ran_and_events_that_were_written(admin_dsn: str) -> None:
    dsn = owner_dsn(await clone(admin_dsn, "bench_jobs"))
    goals = await measure(dsn, rounds=1, jobs=20, number=40)
    connection = await asyncpg.connect(dsn)
    try:
        counts = [
            await connection.fetchval(f"SELECT count(*) FROM {table}")  # noqa: S608 - names of this test
            for table in ("bench_effects", "jobs WHERE status = 'succeeded'", "posts", "events")
        ]
    finally:
        await connection.close()
    # Two rounds, of which the first does not count, with both sides each.
    assert counts == [80, 40, 160, 80]
    assert [goal.at_least for goal in goals] == [0.7, 0.9]
    assert all(goal.value > 0 for goal in goals)
