"""The benchmark of exports reads every row of every format."""

import asyncio
from pathlib import Path

from tests.benchmarks.exports import run
from tests.support.postgres import clone, owner_dsn


async def test_the_figures_come_from_rows_that_were_read(admin_dsn: str, tmp_path: Path) -> None:
    dsn = owner_dsn(await clone(admin_dsn, "bench_exports"))
    goals = await asyncio.to_thread(run, dsn, tmp_path, rows=3000, rounds=1)
    assert [goal.at_most for goal in goals] == [2, 100] * 3
    assert [goal.name.partition(":")[0] for goal in goals[::2]] == ["csv", "ndjson", "json"]
    assert all(goal.value > 0 for goal in goals[1::2])
