"""One attempt at a job: what the executor leaves to PgQueuer, and what it does with an attempt that is cancelled."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from pgqueuer.errors import RetryRequested
from structlog.testing import capture_logs

from app.kit.queue import executor
from app.kit.queue.kinds import JobRun
from observability.tracing.jobs import JobSpan
from tests.support.app import TestApp
from tests.support.attempts import Attempts
from tests.support.jobs import FAST, KIND, enqueue, execute, jobs
from tests.support.transactions import owner_of
from tests.support.waiting import PATIENCE


class Handler:
    """Records the parameters of its attempts."""

    def __init__(self) -> None:
        self.params: list[Mapping[str, Any]] = []

    async def __call__(self, run: JobRun) -> None:
        self.params.append(run.params)


async def test_a_job_without_a_payload_runs_without_parameters(concurrent_app: TestApp, attempts: Attempts) -> None:
    handler = Handler()
    await attempts.run(handler, None)
    assert handler.params == [{}]
    assert [(row["key"], row["status"]) for row in await jobs(concurrent_app)] == [("pgqueuer:7", "succeeded")]


async def test_a_job_whose_row_is_locked_is_tried_again_and_blocks_nothing(
    concurrent_app: TestApp, attempts: Attempts
) -> None:
    """Another worker, perhaps a frozen one, has locked it."""
    handler, uid = Handler(), await enqueue(concurrent_app)
    async with owner_of(concurrent_app.runtime.database) as owner, owner.transaction():
        await owner.execute("SELECT 1 FROM jobs FOR UPDATE")
        with pytest.raises(RetryRequested) as caught:
            await asyncio.wait_for(attempts.run(handler, uid), PATIENCE)
    assert 0 < caught.value.delay.total_seconds() <= 5
    assert handler.params == []
    assert [row["attempt"] for row in await jobs(concurrent_app)] == [0]


async def test_a_job_that_has_ended_does_not_run_again(concurrent_app: TestApp, attempts: Attempts) -> None:
    handler, uid = Handler(), await enqueue(concurrent_app)
    for _ in range(2):
        await attempts.run(handler, uid)
    assert handler.params == [{}]


async def test_the_delay_of_the_first_attempt_is_measured_from_when_the_job_was_due(
    concurrent_app: TestApp, attempts: Attempts
) -> None:
    async def fail(_run: JobRun) -> None:
        raise ConnectionError

    def measured() -> tuple[float, float]:
        count, seconds = (attempts.counted(f"job_start_delay_seconds_{part}") for part in ("count", "sum"))
        assert count is not None
        assert seconds is not None
        return count, seconds

    uid = await enqueue(concurrent_app)
    await execute(concurrent_app, "UPDATE jobs SET run_after = now() - interval '40 s'")
    for _ in range(2):
        with pytest.raises(RetryRequested):
            await attempts.run(fail, uid)
    count, seconds = measured()
    assert count == 1, "another attempt is no other start"
    assert 40 <= seconds < 40 + PATIENCE
    uid = await enqueue(concurrent_app)
    await execute(concurrent_app, "UPDATE jobs SET run_after = now() + interval '1 minute' WHERE uid = $1", uid)
    await attempts.run(Handler(), uid)
    assert measured() == (2, seconds), "the clock of another host may be ahead"


async def test_an_outcome_that_cannot_be_stored_leads_to_another_attempt(
    concurrent_app: TestApp, attempts: Attempts
) -> None:
    uid = await enqueue(concurrent_app)

    async def handle(_run: JobRun) -> None:
        await execute(concurrent_app, "ALTER TABLE jobs RENAME TO gone")

    with capture_logs() as lines, pytest.raises(RetryRequested) as caught:
        await attempts.run(handle, uid)
    assert 0 < caught.value.delay.total_seconds() <= 60
    reason = caught.value.reason or ""
    assert reason.isidentifier(), "PgQueuer stores the reason, so it is the name of a class"
    expected = {"event": "job_outcome_not_stored", "log_level": "warning", "job": KIND.name, "error": reason}
    assert [line for line in lines if line["log_level"] != "debug"] == [expected]
    await execute(concurrent_app, "ALTER TABLE gone RENAME TO jobs")


async def test_the_delay_before_the_next_attempt_grows_with_the_attempts(
    concurrent_app: TestApp, attempts: Attempts, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Growing:
        def __init__(self, first: float, longest: float) -> None:
            assert (first, longest) == (FAST.first_delay, FAST.max_delay)

        def delay(self, failures: int) -> float:
            return 100.0 + failures

    async def handle(_run: JobRun) -> None:
        raise ConnectionError

    monkeypatch.setattr(executor, "Backoff", Growing)
    uid, found = await enqueue(concurrent_app), []
    for _ in range(2):
        with pytest.raises(RetryRequested) as caught:
            await attempts.run(handle, uid)
        found.append((caught.value.delay.total_seconds(), caught.value.reason))
    assert found == [(100, "ConnectionError"), (101, "ConnectionError")]


async def test_the_handler_of_an_attempt_that_is_cancelled_ends(concurrent_app: TestApp, attempts: Attempts) -> None:
    """PgQueuer cancels its tasks when the worker ends at once."""
    reached, ended = asyncio.Event(), asyncio.Event()

    async def handle(_run: JobRun) -> None:
        reached.set()
        try:
            await asyncio.sleep(2 * PATIENCE)
        finally:
            ended.set()

    task = asyncio.create_task(attempts.run(handle, await enqueue(concurrent_app)))
    await asyncio.wait_for(reached.wait(), PATIENCE)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(ended.wait(), PATIENCE)


async def test_the_span_of_an_attempt_ends_with_the_error_of_its_handler(
    concurrent_app: TestApp, attempts: Attempts, monkeypatch: pytest.MonkeyPatch
) -> None:
    spans: list[JobSpan] = []

    @contextmanager
    def job_span(*_arguments: object, **_named: object) -> Iterator[JobSpan]:
        spans.append(JobSpan())
        yield spans[-1]

    async def handle(_run: JobRun) -> None:
        raise ConnectionError

    monkeypatch.setattr(executor, "job_span", job_span)
    with pytest.raises(RetryRequested):
        await attempts.run(handle, await enqueue(concurrent_app))
    assert [type(span.error) for span in spans] == [ConnectionError]
