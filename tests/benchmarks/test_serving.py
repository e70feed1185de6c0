"""Worker processes are measured together, and all keys send requests."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import asyncpg

from tests.benchmarks.cpu import with_children
from tests.benchmarks.figures import Figure
from tests.benchmarks.keys import fill
from tests.benchmarks.processes import Processes
from tests.benchmarks.serving import memory
from tests.support.postgres import clone, owner_dsn
from tests.support.waiting import wait_until


def test_a_figure_tells_whether_its_goal_is_met() -> None:
    assert str(Figure("a", 60, "us", at_most=60)).endswith("60.00 us  goal <= 60: met")
    assert str(Figure("a", 60.1, at_most=60)).endswith("60.10  goal <= 60: missed")
    assert str(Figure("a", 0.89, at_least=0.9)).endswith("0.89  goal >= 0.9: missed")
    assert str(Figure("a", 0.9, at_least=0.9)).endswith("goal >= 0.9: met")
    assert str(Figure("a", 2, "s")).endswith("2.00 s")


def test_children_of_children_are_found() -> None:
    sleeper = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'input()'], check=False)"
    with subprocess.Popen([sys.executable, "-c", sleeper], stdin=subprocess.PIPE) as process:
        wait_until(lambda: len(with_children(process.pid)) == 2)
        assert set(with_children(process.pid)) < set(with_children(os.getpid()))


async def test_the_memory_is_that_of_a_worker_that_all_keys_used(admin_dsn: str, tmp_path: Path) -> None:
    dsn = owner_dsn(await clone(admin_dsn, "serving"))
    keys = await fill(dsn, 5)
    environment = {"STRATA_HOME": str(tmp_path), "STRATA_DATABASE__URL": dsn, "STRATA_LOG__FORMAT": "json"}
    with Processes(tmp_path, environment) as processes:
        warm, last = await asyncio.to_thread(memory, processes, processes.generator(), keys, 50)
    assert 50 < warm <= last < 1000
    connection = await asyncpg.connect(dsn)
    try:
        assert await connection.fetchval("SELECT count(*) FROM api_keys WHERE last_used_at IS NOT NULL") == len(keys)
    finally:
        await connection.close()
