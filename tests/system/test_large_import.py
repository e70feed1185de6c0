"""An import in constant memory, whose worker is killed and then stopped in the middle, creates no post twice.

30,000 rows; with ``TESTS_DEEP=1`` a million.
"""

import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from app.http.runtime import Runtime
from app.kit.db.database import Database
from app.kit.queue.job_queue import JobQueue
from app.main import create_app
from app.posts.job_names import CSV_IMPORT
from app.settings.database import DatabaseSettings
from app.settings.root import Settings
from tests.support.app import TestApp
from tests.support.imports import BAD_EVERY, add_file, csv_of, ensure_complete, resident
from tests.support.live import Strata
from tests.support.postgres import clone, owner_dsn
from tests.support.waiting import PATIENCE, eventually

DEEP = os.environ.get("TESTS_DEEP") == "1"
ROWS = 1_000_000 if DEEP else 30_000
GROWTH_MB = 24
"""A million rows in memory would be hundreds."""


@pytest.fixture
async def dsn(admin_dsn: str) -> str:
    return await clone(admin_dsn, "import")


@pytest.fixture
async def owner(dsn: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    connection = await asyncpg.connect(owner_dsn(dsn))
    yield connection
    await connection.close()


async def test_a_large_import_survives_its_workers_in_constant_memory(
    dsn: str, owner: "asyncpg.Connection[asyncpg.Record]", settings: Settings, tmp_path: Path
) -> None:
    database = await Database.open(dsn, settings[DatabaseSettings])
    strata = Strata(tmp_path / "home", dsn, STRATA_WORKER__HEARTBEAT="2", STRATA_WORKER__SHUTDOWN_TIMEOUT="0.1")
    person = await TestApp(create_app(settings), Runtime.build(settings, database)).person("ada@example.com")
    file = await add_file(database, settings, strata.home, person, csv_of(ROWS))
    async with database.write() as session:
        await JobQueue(session).enqueue(CSV_IMPORT, {"owner": str(person.user.uid), "file": str(file)})
    await database.close()

    async def reached(done: int) -> None:
        async def condition() -> bool:
            row = await owner.fetchrow("SELECT done, status, problem FROM jobs WHERE kind = 'csv_import'")
            assert row is not None
            assert row["status"] != "failed", row["problem"]
            return bool(row["done"] >= done)

        await eventually(condition, PATIENCE * (40 if DEEP else 1))

    with strata.running("worker") as killed:
        await reached(ROWS // 3)
        killed.kill()
        killed.wait(PATIENCE)
    with strata.running("worker") as stopped:
        await reached(ROWS // 2)
        stopped.terminate()
        assert stopped.wait(PATIENCE) == 0
    row = await owner.fetchrow("SELECT status, attempt, done FROM jobs WHERE kind = 'csv_import'")
    assert row is not None
    assert (row["status"], row["attempt"]) == ("queued", 1), "a shutdown is no attempt"
    assert ROWS > row["done"] >= ROWS // 2
    with strata.running("worker") as last:
        await reached(row["done"] + 5000)
        early = resident(last.pid, "VmHWM")
        await reached(ROWS)
        assert resident(last.pid, "VmHWM") - early < GROWTH_MB

        async def succeeded() -> bool:
            return bool(await owner.fetchval("SELECT status = 'succeeded' FROM jobs WHERE kind = 'csv_import'"))

        await eventually(succeeded)
    assert "Traceback" not in strata.log("worker"), strata.log("worker")[-4000:]
    await ensure_complete(owner, ROWS)
    result = json.loads(await owner.fetchval("SELECT result::text FROM jobs WHERE kind = 'csv_import'"))
    wrong = ROWS // BAD_EVERY
    assert result == {"rows": ROWS, "imported": ROWS - wrong, "rejected": wrong}
