"""The benchmark of the response cache measures responses from each cache."""

import asyncio
from pathlib import Path

from tests.benchmarks.cache import run
from tests.benchmarks.data import fill
from tests.benchmarks.measure import Effort
from tests.support.postgres import clone, owner_dsn
from tests.support.redis import RedisServer


async def test_the_ratios_come_from_servers_whose_caches_responded(
    admin_dsn: str, tmp_path: Path, redis_server: RedisServer
) -> None:
    dsn = owner_dsn(await clone(admin_dsn, "bench_cache"))
    await fill(dsn, tmp_path, 200, 2)
    effort = Effort(rounds=1, share=0.1)
    found, shares = await asyncio.to_thread(run, dsn, tmp_path, redis_server.url, effort)
    assert [(ratio.name, ratio.workload, ratio.goal) for ratio in found] == [
        (f"CPU without a cache / with {name}", workload, ">= 1.5")
        for name in ("memory", "redis")
        for workload in ("list of 20", "search")
    ]
    assert all(ratio.value > 0 for ratio in found)
    assert shares.keys() == {"memory", "redis"}
    assert all(0 < share < 1 for share in shares.values())
