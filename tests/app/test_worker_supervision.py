"""What a worker does beside its jobs: it maintains the table of jobs, and ends attempts after its grace period."""

import asyncio
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from app import worker
from app.errors import Unavailable
from app.kit.queue.running import Interruption, RunningJobs
from tests.support.app import TestApp
from tests.support.transactions import database_of
from tests.support.waiting import PATIENCE, eventually


async def test_lost_jobs_are_looked_for_at_the_start_and_again_after_errors(
    concurrent_app: TestApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = database_of(concurrent_app)
    looked: list[Any] = []

    async def requeue(given: Any) -> int:
        looked.append(given)
        raise Unavailable

    async def thrice() -> bool:
        return len(looked) >= 3

    monkeypatch.setattr(worker, "_MAINTENANCE_SECONDS", 0.01)
    monkeypatch.setattr(worker, "requeue_lost_jobs", requeue)
    with capture_logs() as lines:
        async with worker._maintained([], database):
            await eventually(thrice)
    assert all(given is database for given in looked)
    assert len(lines) >= 2
    assert {line["event"] for line in lines} == {"jobs_not_maintained"}


async def test_attempts_that_still_run_after_the_grace_period_are_ended_by_the_shutdown() -> None:
    interrupted: list[object] = []
    ended = asyncio.Event()

    class Running:
        async def watch(self) -> None:
            await asyncio.sleep(PATIENCE)

        def interrupt_all(self, reason: Interruption) -> None:
            interrupted.append(reason)
            ended.set()

    stop = asyncio.Event()
    async with worker.supervised(cast("RunningJobs", Running()), stop, 0.01):
        await asyncio.sleep(0.05)
        assert interrupted == [], "the worker was not stopped"
        stop.set()
        await asyncio.wait_for(ended.wait(), PATIENCE)
    assert interrupted == [Interruption.SHUTDOWN]
