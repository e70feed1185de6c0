"""Two workers that are frozen beyond the heartbeat and killed at random: each effect happens once, no job is lost."""

import asyncio
import os
import random
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest

from app.kit.db.database import Database
from app.kit.queue.job_queue import JobQueue
from app.kit.queue.kinds import JobKind
from app.settings.database import DatabaseSettings
from tests.support.job_worker import CRASH, EFFECT, HEARTBEAT, STEPS
from tests.support.postgres import clone, owner_dsn
from tests.support.waiting import PATIENCE, eventually

ROOT = Path(__file__).parents[2]
JOBS = 120
ROUNDS = 6


class Workers:
    """Two processes, of which a dead one is started again."""

    def __init__(self, dsn: str, log: Path) -> None:
        self._dsn = dsn
        self._log = log
        self.processes = [self._start(), self._start()]

    def _start(self) -> "subprocess.Popen[bytes]":
        with self._log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "tests.support.job_worker", self._dsn],
                cwd=ROOT,
                env={**os.environ, "STRATA_HOME": str(self._log.parent)},
                stdout=log,
                stderr=log,
            )

    def restart_dead(self) -> int:
        """Start the dead ones again. Returns their number."""
        dead = [number for number, process in enumerate(self.processes) if process.poll() is not None]
        for number in dead:
            self.processes[number] = self._start()
        return len(dead)

    def busy(self, running: Collection[int]) -> list[int]:
        """The numbers of those whose process identifier is among these."""
        return [number for number, process in enumerate(self.processes) if process.pid in running]

    def kill(self, number: int) -> None:
        """Kill one, frozen or not."""
        self.processes[number].kill()
        self.processes[number].wait(PATIENCE)


@contextmanager
def workers(dsn: str, folder: Path) -> Iterator[Workers]:
    """Two workers."""
    both = Workers(dsn, folder / "workers.log")
    try:
        yield both
    finally:
        for number in range(2):
            both.kill(number)


@pytest.fixture
async def dsn(admin_dsn: str) -> str:
    return await clone(admin_dsn, "two_workers")


@pytest.fixture
async def connection(dsn: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    connection = await asyncpg.connect(owner_dsn(dsn))
    for table, columns in (("starts", "uid uuid NOT NULL, process int NOT NULL"), ("effects", "uid uuid NOT NULL")):
        await connection.execute(f"CREATE TABLE {table} ({columns}); GRANT ALL ON {table} TO PUBLIC")
    yield connection
    await connection.close()


async def enqueue(dsn: str, kind: JobKind, count: int) -> None:
    database = await Database.open(dsn, DatabaseSettings())
    async with database.write() as session:
        for _ in range(count):
            await JobQueue(session).enqueue(kind, {})
    await database.close()


async def test_effects_happen_once_whatever_happens_to_the_workers(
    dsn: str, connection: "asyncpg.Connection[asyncpg.Record]", tmp_path: Path
) -> None:
    chance = random.Random(16)  # noqa: S311 - repeatable
    await enqueue(dsn, EFFECT, JOBS)

    async def done() -> int:
        return await connection.fetchval("SELECT count(*) FROM effects")

    async def some_done_and_one_busy() -> bool:
        nonlocal busy
        running = "SELECT process FROM starts WHERE uid NOT IN (SELECT uid FROM effects)"
        busy = both.busy({row["process"] for row in await connection.fetch(running)})
        found = await done()
        return found == JOBS or (found >= before + 5 and bool(busy))

    async def all_done() -> bool:
        both.restart_dead()
        return await connection.fetchval("SELECT count(*) FROM jobs WHERE finished_at IS NULL") == 0

    with workers(dsn, tmp_path) as both:
        busy: list[int] = []
        for turn in range(ROUNDS):
            before = await done()
            await eventually(some_done_and_one_busy)
            # A worker that was started a moment ago has no job yet: the other one may be the only busy one.
            number = chance.choice(busy or [0, 1])
            process = both.processes[number]
            process.send_signal(signal.SIGSTOP)
            if turn % 2:
                both.kill(number)
                both.restart_dead()
            else:
                await asyncio.sleep(HEARTBEAT * 1.5)  # its jobs are taken over meanwhile
                process.send_signal(signal.SIGCONT)
        await eventually(all_done)
    log = (tmp_path / "workers.log").read_text()
    assert "Traceback" not in log, log[-4000:]
    effects = await connection.fetch("SELECT uid, count(*) FROM effects GROUP BY uid HAVING count(*) <> 1")
    assert effects == [], "an effect was doubled"
    assert await done() == JOBS
    statuses = await connection.fetch("SELECT status, done, count(*) FROM jobs GROUP BY 1, 2")
    assert [tuple(row) for row in statuses] == [("succeeded", STEPS, JOBS)]
    unaccounted = (
        "SELECT 1 FROM jobs JOIN (SELECT uid, count(*) AS seen FROM starts GROUP BY uid) s USING (uid)"
        " WHERE seen > attempt"
    )
    assert await connection.fetch(unaccounted) == [], "a start was not counted"
    assert await connection.fetchval("SELECT sum(attempt) FROM jobs") > JOBS, "some jobs were taken over"
    assert await connection.fetchval("SELECT count(*) FROM starts") >= JOBS


async def test_a_job_that_kills_its_worker_ends_after_its_limit(
    dsn: str, connection: "asyncpg.Connection[asyncpg.Record]", tmp_path: Path
) -> None:
    await enqueue(dsn, CRASH, 1)
    crashes = 0

    async def ended() -> bool:
        nonlocal crashes
        crashes += both.restart_dead()
        return await connection.fetchval("SELECT status FROM jobs") == "failed"

    with workers(dsn, tmp_path) as both:
        await eventually(ended)
    row = await connection.fetchrow("SELECT attempt, problem->>'code' AS code FROM jobs")
    assert row is not None
    assert (row["attempt"], row["code"], crashes) == (CRASH.max_attempts, "job_crashed", CRASH.max_attempts)
    assert await connection.fetchval("SELECT count(*) FROM starts") == CRASH.max_attempts
