"""What becomes of an attempt that is interrupted: its handler may clean up, and what waits for it ends with it."""

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import orjson
import pytest
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.errors import RetryRequested
from structlog.testing import capture_logs

from app.kit.background import tasks_running
from app.kit.db.database import UnitOfWork
from app.kit.queue import executor, running
from app.kit.queue.kinds import HOUSEKEEPING, JobKind, JobRun, RunSuperseded
from app.kit.queue.running import Attempt, Interruption, RunningJobs
from tests.support.app import TestApp
from tests.support.attempts import Attempts
from tests.support.background import logged_by_outage
from tests.support.jobs import KIND, enqueue, execute, jobs
from tests.support.waiting import PATIENCE

SHORT = JobKind(KIND.name, timeout=0.05)
LAST = JobKind(KIND.name, timeout=0.05, max_attempts=1)


class NoDatabase:
    """Fails if it is used."""

    def write(self) -> Any:
        message = "nothing is to be looked for"
        raise AssertionError(message)


async def statuses(test_app: TestApp) -> list[str]:
    return [row["status"] for row in await jobs(test_app)]


def test_an_interrupted_job_and_housekeeping_have_time() -> None:
    assert 1 <= executor._UNWIND_SECONDS <= 10
    assert running._SECONDS <= 0.5, "a cancelled job stops within a second"
    assert 60 <= JobKind("any").timeout < HOUSEKEEPING.timeout
    assert HOUSEKEEPING.priority < JobKind("any").priority, "what users wait for starts first"


@pytest.mark.parametrize("reason", [Interruption.TIMED_OUT, Interruption.CANCELLED])
async def test_a_handler_cleans_up_before_its_job_ends(
    concurrent_app: TestApp, attempts: Attempts, reason: Interruption
) -> None:
    seen: list[str] = []

    async def handle(_run: JobRun) -> None:
        if reason is Interruption.CANCELLED:
            attempts.running.interrupt_all(reason)
        try:
            await asyncio.sleep(2 * PATIENCE)
        finally:
            await asyncio.sleep(0.05)
            seen.extend(await statuses(concurrent_app))

    await attempts.run(handle, await enqueue(concurrent_app), LAST)
    assert seen == ["running"]
    assert await statuses(concurrent_app) == ["failed" if reason is Interruption.TIMED_OUT else "cancelled"]


async def test_a_handler_that_does_not_end_holds_up_its_job_for_some_seconds_only(
    concurrent_app: TestApp, attempts: Attempts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executor, "_UNWIND_SECONDS", 0.01)
    end = asyncio.Event()

    async def handle(_run: JobRun) -> None:
        while not end.is_set():
            try:
                await end.wait()
            except asyncio.CancelledError:
                continue

    await asyncio.wait_for(attempts.run(handle, await enqueue(concurrent_app), LAST), PATIENCE)
    end.set()
    (row,) = await jobs(concurrent_app)
    assert (row["status"], orjson.loads(row["problem"])["code"]) == ("failed", "job_timed_out")


async def test_a_timeout_is_told_from_a_handler_that_cancels_itself(
    concurrent_app: TestApp, attempts: Attempts
) -> None:
    async def cancel(_run: JobRun) -> None:
        raise asyncio.CancelledError

    async def sleep(_run: JobRun) -> None:
        await asyncio.sleep(2 * PATIENCE)

    uid = await enqueue(concurrent_app)
    for handle, error in ((sleep, "TimeoutError"), (cancel, "HandlerCancelled")):
        with capture_logs() as lines, pytest.raises(RetryRequested) as caught:
            await attempts.run(handle, uid, SHORT)
        assert caught.value.reason == error
        assert [line["error"] for line in lines if line["event"] == "job_failed"] == [error]


async def test_pgqueuer_carries_a_job_that_was_taken_over_no_further(
    concurrent_app: TestApp, attempts: Attempts
) -> None:
    async def handle(_run: JobRun) -> None:
        await execute(concurrent_app, "UPDATE jobs SET run = $1", uuid4())

    await attempts.run(handle, await enqueue(concurrent_app))
    assert attempts.counted("job_attempts_total", outcome="superseded") == 1
    assert attempts.rows.kept == {7}, "its row in PgQueuer is that of the other attempt"


async def test_a_row_is_left_to_another_worker_once(attempts: Attempts, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker may get the job again, whose row it then removes."""
    removed: list[int] = []

    async def remove(_queries: Queries, ended: Sequence[Any]) -> None:
        removed.extend(job.id for job, _, _ in ended)

    monkeypatch.setattr(Queries, "log_jobs", remove)
    ended: Any = [(SimpleNamespace(id=number), "successful", None) for number in (1, 2)]
    attempts.rows.keep(1)
    for _ in range(2):
        await attempts.rows.log_jobs(ended)
    assert removed == [2, 1, 2]


@pytest.mark.parametrize("known_by", ["the handler", "the worker"])
async def test_an_attempt_that_has_lost_its_job_writes_nothing(
    concurrent_app: TestApp, attempts: Attempts, known_by: str
) -> None:
    """Whoever notices it: not even an attempt whose fence would still allow it."""

    async def handle(_run: JobRun) -> None:
        if known_by == "the handler":
            raise RunSuperseded
        attempts.running.interrupt_all(Interruption.SUPERSEDED)
        await asyncio.sleep(2 * PATIENCE)

    await attempts.run(handle, await enqueue(concurrent_app))
    (row,) = await jobs(concurrent_app)
    assert (row["status"], row["attempt"], row["problem"]) == ("running", 1, None)
    assert attempts.counted("job_attempts_total", outcome="superseded") == 1


async def test_nothing_of_an_attempt_is_left(concurrent_app: TestApp, attempts: Attempts) -> None:
    async def handle(_run: JobRun) -> None:
        pass

    await attempts.run(handle, await enqueue(concurrent_app))
    await asyncio.sleep(0)
    names = [getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks()]
    assert "Event.wait" not in names, "an attempt of each job would wait for its interruption for ever"


async def test_without_an_attempt_nothing_is_looked_for() -> None:
    attempts = RunningJobs(cast("UnitOfWork", NoDatabase()))
    await attempts.look()
    task = asyncio.create_task(asyncio.sleep(0, None))
    with attempts.tracked(uuid4(), uuid4(), task), pytest.raises(AssertionError, match="looked for"):
        await attempts.look()
    await attempts.look()
    await task


async def test_attempts_are_looked_for_again_after_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "_SECONDS", 0.001)
    attempts = RunningJobs(cast("UnitOfWork", NoDatabase()))
    logged = await logged_by_outage(monkeypatch, attempts, "look", lambda: tasks_running(attempts.watch()))
    assert logged == {("jobs_not_watched", "warning")}


async def test_the_first_interruption_stays() -> None:
    task = asyncio.create_task(asyncio.sleep(PATIENCE, None))
    attempt = Attempt(uuid4(), uuid4(), task)
    attempt.interrupt(Interruption.SHUTDOWN)
    attempt.interrupt(Interruption.CANCELLED)
    await attempt.wait(PATIENCE, PATIENCE)
    assert attempt.interruption is Interruption.SHUTDOWN
    assert task.cancelled()
