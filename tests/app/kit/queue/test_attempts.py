"""One attempt at a job: what the executor leaves to PgQueuer, and what it does with an attempt that is cancelled."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import asyncpg
import orjson
import pytest
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.domain.models import Job
from pgqueuer.errors import RetryRequested

from app.kit.queue import executor
from app.kit.queue.executor import JobExecutor
from app.kit.queue.kinds import JobHandler, JobRun
from app.wiring import tracing_config
from app.worker import job_execution
from observability.metrics.metrics import Metrics
from observability.tracing.tracer import Tracing
from tests.support.app import TestApp
from tests.support.jobs import FAST, KIND, enqueue, execute, jobs
from tests.support.transactions import database_of, dsn_of, owner_of
from tests.support.waiting import PATIENCE


class Attempts:
    """Runs attempts without PgQueuer."""

    def __init__(self, test_app: TestApp, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        self._test_app = test_app
        self._driver = AsyncpgDriver(connection)

    async def run(self, handler: JobHandler, uid: UUID | None) -> None:
        """Run one. Without ``uid``, PgQueuer's row has no payload."""
        tracing = Tracing(tracing_config(self._test_app.runtime.settings, "test"))
        execution = job_execution(FAST, database_of(self._test_app), Metrics(), tracing)
        payload = None if uid is None else orjson.dumps({"job": str(uid)})
        job = SimpleNamespace(id=7, payload=payload, otel_headers=lambda: None)
        await JobExecutor(KIND, handler, execution, self._driver)(cast("Job", job))


@pytest.fixture
async def attempts(concurrent_app: TestApp) -> AsyncIterator[Attempts]:
    connection = await asyncpg.connect(dsn_of(concurrent_app))
    yield Attempts(concurrent_app, connection)
    await connection.close()


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


async def test_an_outcome_that_cannot_be_stored_leads_to_another_attempt(
    concurrent_app: TestApp, attempts: Attempts
) -> None:
    uid = await enqueue(concurrent_app)

    async def handle(_run: JobRun) -> None:
        await execute(concurrent_app, "ALTER TABLE jobs RENAME TO gone")

    with pytest.raises(RetryRequested) as caught:
        await attempts.run(handle, uid)
    assert caught.value.delay.total_seconds() > 0
    assert (caught.value.reason or "").isidentifier(), "PgQueuer stores the reason, so it is the name of a class"
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
