"""The benchmark of streams measures events that every client received."""

import asyncio
from pathlib import Path

from tests.benchmarks.streams import run
from tests.support.postgres import clone, owner_dsn


async def test_the_figures_come_from_events_that_every_stream_received(admin_dsn: str, tmp_path: Path) -> None:
    dsn = owner_dsn(await clone(admin_dsn, "bench_streams"))
    goals = await asyncio.to_thread(run, dsn, tmp_path, clients=10, events=3)
    assert [(goal.unit, goal.at_most) for goal in goals] == [("us", 60), ("kB", 45), ("ms", 250)]
    assert goals[0].value > 0
    assert goals[2].value > 0
