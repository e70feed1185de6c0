"""What the rows of a job say after several attempts, and which jobs run again."""

from contextlib import suppress
from datetime import timedelta
from uuid import UUID, uuid4

import orjson
import pytest
from pgqueuer.errors import RetryRequested
from structlog.testing import capture_logs

from app.kit.clock import utc_now
from app.kit.queue import executor
from app.kit.queue.kinds import JobRun
from app.kit.queue.maintenance import requeue_lost_jobs
from app.kit.queue.requeue import requeue_job
from app.kit.queue.running import Interruption
from app.kit.queue.schedules import _enqueue_run
from tests.support.app import TestApp
from tests.support.attempts import Attempts, attempting
from tests.support.jobs import carried, enqueue, execute, jobs
from tests.support.transactions import database_of, owner_of

END = "UPDATE jobs SET finished_at = now(), run = NULL, status = $1"


async def fails(_run: JobRun) -> None:
    raise ConnectionError


async def succeeds(_run: JobRun) -> None:
    pass


async def requeued(test_app: TestApp, uid: UUID | None) -> bool:
    assert uid is not None
    async with test_app.runtime.database.write() as session:
        return await requeue_job(session, uid)


async def test_a_job_began_with_its_first_attempt_and_keeps_the_problem_of_the_last_failure(
    concurrent_app: TestApp, attempts: Attempts
) -> None:
    uid = await enqueue(concurrent_app)
    with pytest.raises(RetryRequested):
        await attempts.run(fails, uid)
    began = (await jobs(concurrent_app))[0]["started_at"]
    await attempts.run(succeeds, uid)
    (row,) = await jobs(concurrent_app)
    assert (row["status"], row["attempt"], row["started_at"]) == ("succeeded", 2, began)
    assert orjson.loads(row["problem"])["code"] == "job_failed"


async def test_a_job_that_is_cancelled_after_its_last_attempt_has_not_crashed(
    concurrent_app: TestApp, attempts: Attempts
) -> None:
    uid = await enqueue(concurrent_app)
    await execute(concurrent_app, "UPDATE jobs SET attempt = 99, cancel_requested_at = now()")
    await attempts.run(succeeds, uid)
    (row,) = await jobs(concurrent_app)
    assert (row["status"], row["attempt"], row["problem"]) == ("cancelled", 99, None)
    assert row["finished_at"] is not None


async def test_an_attempt_that_ends_with_its_worker_keeps_the_problem_and_does_not_count(
    concurrent_app: TestApp, attempts: Attempts
) -> None:
    async def interrupted(run: JobRun) -> None:
        attempts.running.interrupt_all(Interruption.SHUTDOWN)
        await run.progress(1)

    uid = await enqueue(concurrent_app)
    with pytest.raises(RetryRequested):
        await attempts.run(fails, uid)
    with pytest.raises(RetryRequested):
        await attempts.run(interrupted, uid)
    (row,) = await jobs(concurrent_app)
    assert (row["status"], row["attempt"], orjson.loads(row["problem"])["code"]) == ("queued", 1, "job_failed")


async def test_a_failure_of_an_attempt_that_lost_its_job_changes_nothing(
    concurrent_app: TestApp, attempts: Attempts
) -> None:
    other = uuid4()

    async def handle(_run: JobRun) -> None:
        await execute(concurrent_app, "UPDATE jobs SET run = $1", other)
        raise ConnectionError

    await attempts.run(handle, await enqueue(concurrent_app))
    (row,) = await jobs(concurrent_app)
    assert (row["status"], row["run"], row["problem"]) == ("running", other, None)
    assert attempts.rows.kept == {7}, "the row of the other worker stays"


@pytest.mark.parametrize("status", ["queued", "running"])
async def test_a_job_whose_row_is_locked_is_tried_again_whatever_its_status(
    concurrent_app: TestApp, attempts: Attempts, status: str
) -> None:
    uid = await enqueue(concurrent_app)
    await execute(concurrent_app, "UPDATE jobs SET status = $1", status)
    async with owner_of(concurrent_app.runtime.database) as owner, owner.transaction():
        await owner.execute("SELECT 1 FROM jobs FOR UPDATE")
        with pytest.raises(RetryRequested) as caught:
            await attempts.run(succeeds, uid)
    assert caught.value.reason == executor._Locked.__name__
    assert attempts.counted("job_attempts_total", outcome="success") == 0, "no attempt began"


@pytest.mark.parametrize(
    ("reason", "outcome", "ended"),
    [(Interruption.CANCELLED, "cancelled", 1), (Interruption.SHUTDOWN, "released", 0)],
)
async def test_an_attempt_that_is_interrupted_is_counted_for_its_reason(
    concurrent_app: TestApp, attempts: Attempts, reason: Interruption, outcome: str, ended: int
) -> None:
    async def handle(run: JobRun) -> None:
        attempts.running.interrupt_all(reason)
        await run.progress(1)

    uid = await enqueue(concurrent_app)
    with suppress(RetryRequested):
        await attempts.run(handle, uid)
    assert attempts.counted("job_attempts_total", outcome=outcome) == 1
    assert attempts.counted("jobs_finished_total", status="cancelled") == ended
    assert attempts.counted("jobs_finished_total", status="failed") == 0


async def test_the_commits_of_a_worker_are_durable_except_for_starts(concurrent_app: TestApp) -> None:
    async with attempting(concurrent_app) as attempts:
        await attempts.rows.driver.execute("SET synchronous_commit = on")
        await attempts.run(succeeds, await enqueue(concurrent_app))
        (row,) = await attempts.rows.driver.fetch("SHOW synchronous_commit")
        assert row["synchronous_commit"] == "on"


@pytest.mark.parametrize(
    ("status", "again"),
    [("queued", False), ("running", False), ("succeeded", False), ("failed", True), ("cancelled", True)],
)
async def test_only_a_job_that_ended_without_success_runs_again_with_all_attempts(
    concurrent_app: TestApp, status: str, *, again: bool
) -> None:
    uid = await enqueue(concurrent_app, key="nightly")
    await execute(concurrent_app, "DELETE FROM pgqueuer")
    await execute(
        concurrent_app,
        "UPDATE jobs SET status = $1, attempt = 3, result = '{}', run_after = now() - interval '1 day',"
        " finished_at = CASE WHEN $2 THEN NULL ELSE now() END",
        status,
        status in {"queued", "running"},
    )
    assert await requeued(concurrent_app, uid) is again
    (row,) = await jobs(concurrent_app)
    assert await carried(concurrent_app) == int(again)
    if again:
        assert (row["status"], row["attempt"], row["result"], row["finished_at"]) == ("queued", 0, None, None)
        assert utc_now() - row["run_after"] < timedelta(hours=1), "it is due now, as metrics of its delay assume"
    else:
        assert (row["status"], row["attempt"]) == (status, 3)


async def test_a_job_does_not_run_again_while_another_one_has_its_key(concurrent_app: TestApp) -> None:
    first = await enqueue(concurrent_app, key="nightly")
    await execute(concurrent_app, END, "failed")
    second = await enqueue(concurrent_app, key="nightly")
    assert not await requeued(concurrent_app, first)
    await execute(concurrent_app, f"{END} WHERE uid = $2", "failed", second)
    assert await requeued(concurrent_app, first), "nothing has the key any more"


async def test_a_job_of_the_previous_release_is_never_lost(concurrent_app: TestApp, attempts: Attempts) -> None:
    """PgQueuer carries it without the uid by which the search recognises it."""
    with pytest.raises(RetryRequested):
        await attempts.run(fails, None)
    await execute(concurrent_app, "UPDATE jobs SET run_after = now() - interval '1 hour'")
    assert await requeue_lost_jobs(concurrent_app.runtime.database) == 0


async def test_all_lost_jobs_are_carried_again(concurrent_app: TestApp) -> None:
    for _ in range(3):
        await enqueue(concurrent_app)
    await execute(concurrent_app, "DELETE FROM pgqueuer")
    await execute(concurrent_app, "UPDATE jobs SET run_after = now() - interval '1 hour'")
    with capture_logs() as lines:
        assert await requeue_lost_jobs(concurrent_app.runtime.database) == 3
        assert await requeue_lost_jobs(concurrent_app.runtime.database) == 0
    assert lines == [{"event": "lost_jobs_requeued", "log_level": "warning", "jobs": 3}]
    assert await carried(concurrent_app) == 3


async def test_a_run_that_is_due_while_the_previous_one_waits_is_skipped(concurrent_app: TestApp) -> None:
    first, other = (_enqueue_run(name, database_of(concurrent_app)) for name in ("events.purge", "jobs.purge"))
    for tick in (first, first, other):
        await tick(None)
    rows = [orjson.loads(row["params"])["schedule"] for row in await jobs(concurrent_app)]
    assert rows == ["events.purge", "jobs.purge"]
    await execute(concurrent_app, END, "succeeded")
    await first(None)
    assert len(await jobs(concurrent_app)) == 3
