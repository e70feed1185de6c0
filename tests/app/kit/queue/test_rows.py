"""What the rows of a job contain: those of the product after each change, and those that PgQueuer carries."""

from datetime import timedelta
from typing import Any

import orjson
import pytest
from pgqueuer.errors import RetryRequested

from app.kit.clock import utc_now
from app.kit.db.sessions import WriteSession
from app.kit.queue import executor, job_queue
from app.kit.queue.job_queue import JobQueue
from app.kit.queue.kinds import JobKind, JobRejected, JobRun
from app.kit.queue.maintenance import requeue_lost_jobs
from app.kit.queue.requeue import requeue_job
from tests.support.app import TestApp
from tests.support.attempts import Attempts
from tests.support.jobs import carried, enqueue, execute, jobs
from tests.support.transactions import owner_of

URGENT = JobKind("test.job", priority=3)
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
LONG_AGO = timedelta(minutes=2)


async def fails(_run: JobRun) -> None:
    raise ConnectionError


async def succeeds(_run: JobRun) -> None:
    pass


async def requeue(test_app: TestApp) -> bool:
    (row,) = await jobs(test_app)
    async with test_app.runtime.database.write() as session:
        return await requeue_job(session, row["uid"])


async def test_every_change_that_a_client_can_see_is_a_new_revision(
    concurrent_app: TestApp, attempts: Attempts
) -> None:
    """A cached job would otherwise never change."""
    seen: list[int] = []

    async def look() -> None:
        seen.append((await jobs(concurrent_app))[0]["revision"])

    async def handle(run: JobRun) -> None:
        await look()
        await run.progress(1, 2)
        await look()
        async with run.step(2):
            pass
        await look()
        raise ConnectionError

    uid = await enqueue(concurrent_app)
    await look()
    with pytest.raises(RetryRequested):
        await attempts.run(handle, uid)
    await look()
    await attempts.run(succeeds, uid)
    await look()
    await execute(concurrent_app, "UPDATE jobs SET status = 'failed'")
    assert await requeue(concurrent_app)
    await look()
    assert seen == [1, 2, 3, 4, 5, 7, 8], "the second attempt starts and ends between two looks"


async def test_a_job_that_waits_for_its_next_attempt_says_until_when_and_why(
    concurrent_app: TestApp, attempts: Attempts, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Hour:
        def __init__(self, *_limits: float) -> None: ...

        def delay(self, _failures: int) -> float:
            return 3600.0

    monkeypatch.setattr(executor, "Backoff", Hour)
    uid, before = await enqueue(concurrent_app), utc_now()
    with pytest.raises(RetryRequested):
        await attempts.run(fails, uid)
    (row,) = await jobs(concurrent_app)
    assert timedelta(hours=1) <= row["run_after"] - before < timedelta(hours=2)
    assert (row["status"], row["run"], orjson.loads(row["problem"])["code"]) == ("queued", None, "job_failed")


async def test_a_job_that_failed_keeps_its_progress(concurrent_app: TestApp, attempts: Attempts) -> None:
    done: list[int] = []

    async def handle(run: JobRun) -> None:
        await run.progress(1, 9)
        done.append(run.done)
        async with run.step(3):
            pass
        done.append(run.done)
        raise JobRejected("bad_input", "The fourth row is no row.")

    await attempts.run(handle, await enqueue(concurrent_app))
    (row,) = await jobs(concurrent_app)
    assert (row["status"], row["done"], row["total"], done) == ("failed", 3, 9, [1, 3])
    assert attempts.counted("jobs_finished_total", status="failed") == 1


async def test_two_jobs_of_the_previous_release_are_two_jobs(concurrent_app: TestApp, attempts: Attempts) -> None:
    """They wait for their second attempts at the same time."""
    for queue_id in (7, 8):
        with pytest.raises(RetryRequested):
            await attempts.run(fails, None, queue_id=queue_id)
    rows = [(row["key"], row["attempt"]) for row in await jobs(concurrent_app)]
    assert rows == [("pgqueuer:7", 1), ("pgqueuer:8", 1)]


async def test_a_job_that_is_cancelled_before_an_attempt_has_none_and_did_not_crash(
    concurrent_app: TestApp, attempts: Attempts
) -> None:
    uid = await enqueue(concurrent_app)
    await execute(concurrent_app, "UPDATE jobs SET cancel_requested_at = now()")
    await attempts.run(succeeds, uid)
    (row,) = await jobs(concurrent_app)
    assert (row["status"], row["attempt"], row["problem"]) == ("cancelled", 0, None)
    assert (row["run"], row["finished_at"] is None) == (None, False)
    assert attempts.counted("jobs_finished_total", status="cancelled") == 1
    assert attempts.counted("job_crashes_total") == 0


async def test_every_series_of_a_job_starts_at_0(concurrent_app: TestApp, attempts: Attempts) -> None:
    """``rate()`` misses an increment from absent to 1."""
    await attempts.run(succeeds, await enqueue(concurrent_app))
    assert [attempts.counted("jobs_finished_total", status=status) for status in ("failed", "cancelled")] == [0, 0]
    assert attempts.counted("job_crashes_total") == 0
    for outcome in ("failure", "cancelled", "released", "superseded"):
        assert attempts.counted("job_attempts_total", outcome=outcome) == 0


async def carried_rows(test_app: TestApp) -> list[tuple[Any, ...]]:
    async with owner_of(test_app.runtime.database) as owner:
        rows = await owner.fetch("SELECT entrypoint, priority, headers::text FROM pgqueuer")
    return [(row[0], row[1], orjson.loads(row[2])) for row in rows]


@pytest.mark.parametrize("how", ["enqueued", "lost", "failed"])
async def test_pgqueuer_carries_a_job_with_its_priority_and_the_trace_of_its_request(
    concurrent_app: TestApp, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    class Span:
        def __enter__(self) -> str:
            return TRACEPARENT

        def __exit__(self, *_error: object) -> None: ...

    monkeypatch.setattr(job_queue, "producer_span", lambda *_: Span())
    async with concurrent_app.runtime.database.write() as session:
        await JobQueue(session).enqueue(URGENT, {})
    (row,) = await jobs(concurrent_app)
    assert (row["priority"], row["traceparent"]) == (3, TRACEPARENT)
    if how != "enqueued":
        await execute(concurrent_app, "DELETE FROM pgqueuer")
    if how == "lost":
        await execute(concurrent_app, "UPDATE jobs SET run_after = $1", utc_now() - LONG_AGO)
        assert await requeue_lost_jobs(concurrent_app.runtime.database) == 1
    elif how == "failed":
        await execute(concurrent_app, "UPDATE jobs SET status = 'failed', finished_at = now()")
        assert await requeue(concurrent_app)
    assert await carried_rows(concurrent_app) == [(URGENT.name, 3, {"otel": {"traceparent": TRACEPARENT}})]


async def test_a_cancelled_job_that_pgqueuer_still_carries_runs_again(concurrent_app: TestApp) -> None:
    await enqueue(concurrent_app)
    cancelled = "status = 'cancelled', finished_at = now(), cancel_requested_at = now()"
    await execute(concurrent_app, f"UPDATE jobs SET {cancelled}")  # noqa: S608 - of this test
    assert await requeue(concurrent_app)
    (row,) = await jobs(concurrent_app)
    assert (row["status"], row["cancel_requested_at"], await carried(concurrent_app)) == ("queued", None, 1)


@pytest.mark.parametrize("status", ["queued", "running"])
async def test_a_job_without_a_row_in_pgqueuer_is_lost_whether_it_waits_or_runs(
    concurrent_app: TestApp, status: str
) -> None:
    """That of a running one is removed if PgQueuer takes its attempt for failed while the worker is frozen."""
    await enqueue(concurrent_app)
    await execute(concurrent_app, "UPDATE jobs SET status = $2, run_after = $1", utc_now() - LONG_AGO, status)
    database = concurrent_app.runtime.database
    for state in ("queued", "picked"):
        await execute(concurrent_app, f"UPDATE pgqueuer SET status = '{state}'")  # noqa: S608 - of this test
        assert await requeue_lost_jobs(database) == 0, f"PgQueuer carries it: {state}"
    await execute(concurrent_app, "DELETE FROM pgqueuer")
    async with owner_of(database) as owner, owner.transaction():
        await owner.execute("SELECT 1 FROM jobs FOR UPDATE")
        assert await requeue_lost_jobs(database) == 0, "an attempt that starts or ends has locked it"
    assert await requeue_lost_jobs(database) == 1


@pytest.mark.parametrize("act", ["step", "completing"])
async def test_a_job_can_be_cancelled_while_the_rows_of_its_attempt_are_written(
    concurrent_app: TestApp, attempts: Attempts, act: str
) -> None:
    """Its row is locked after those rows, whose writing may take long."""
    order: list[str] = []

    class Recorded(WriteSession):
        async def flush(self, *arguments: Any) -> None:
            async with owner_of(concurrent_app.runtime.database) as owner:
                found = await owner.fetch("SELECT 1 FROM jobs FOR UPDATE SKIP LOCKED")
            order.append("free" if found else "locked")
            await super().flush(*arguments)

    async def handle(run: JobRun) -> None:
        async with getattr(run, act)(*([1] if act == "step" else [])) as session:
            session.__class__ = Recorded

    await attempts.run(handle, await enqueue(concurrent_app))
    assert order[0] == "free"
    (row,) = await jobs(concurrent_app)
    assert row["status"] == "succeeded"
    assert attempts.counted("job_attempts_total", outcome="success") == 1
