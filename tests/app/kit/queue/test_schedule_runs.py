"""What is stored about schedules, from which their metrics are made, and when a run counts as a success."""

from typing import Any

import asyncpg
import pytest

from app.kit.queue.schedules import Schedule, housekeeping, register_schedules
from tests.support.app import DirectRun, TestApp
from tests.support.jobs import execute
from tests.support.transactions import database_of, owner_of


async def nothing() -> None:
    pass


async def stored(test_app: TestApp) -> dict[str, asyncpg.Record]:
    async with owner_of(test_app.runtime.database) as owner:
        return {row["name"]: row for row in await owner.fetch("SELECT * FROM schedule_runs")}


async def test_a_start_with_other_schedules_changes_periods_and_forgets_what_is_gone(concurrent_app: TestApp) -> None:
    database = database_of(concurrent_app)
    await register_schedules([Schedule("kept", "0 * * * *", nothing), Schedule("gone", "0 * * * *", nothing)], database)
    await execute(concurrent_app, "UPDATE schedule_runs SET succeeded_at = now()")
    before = (await stored(concurrent_app))["kept"]
    await register_schedules([Schedule("kept", "* * * * *", nothing), Schedule("new", "0 * * * *", nothing)], database)
    after = await stored(concurrent_app)
    assert {name: row["period"] for name, row in after.items()} == {"kept": 60, "new": 3600}
    kept = ("registered_at", "succeeded_at")
    assert [after["kept"][name] for name in kept] == [before[name] for name in kept], "a restart delays no alert"
    assert after["new"]["succeeded_at"] is None


async def test_a_run_counts_for_its_schedule_after_it_succeeded(concurrent_app: TestApp) -> None:
    database = database_of(concurrent_app)
    succeeded: list[Any] = []

    async def look() -> None:
        found = await stored(concurrent_app)
        succeeded.extend(found[name]["succeeded_at"] for name in ("works", "fails"))

    async def fail() -> None:
        raise ConnectionError

    schedules = [Schedule("works", "0 * * * *", look), Schedule("fails", "0 * * * *", fail)]
    await register_schedules(schedules, database)
    run = housekeeping(schedules)
    await run(DirectRun(database, {"schedule": "works"}))
    with pytest.raises(ConnectionError):
        await run(DirectRun(database, {"schedule": "fails"}))
    assert succeeded == [None, None]
    after = await stored(concurrent_app)
    assert (after["works"]["succeeded_at"] is None, after["fails"]["succeeded_at"]) == (False, None)
