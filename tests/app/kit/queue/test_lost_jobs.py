"""A job ends where it is cancelled, and is lost neither by a shutdown, nor by workers, nor by the queue."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from time import perf_counter
from typing import Any
from uuid import uuid4

import pytest

from app.kit.clock import utc_now
from app.kit.queue import running
from app.kit.queue.kinds import JobRun, RunSuperseded
from app.kit.queue.maintenance import requeue_lost_jobs
from observability.metrics.metrics import Metrics
from tests.support.app import TestApp
from tests.support.jobs import KIND, carried, ended, enqueue, execute, jobs, working
from tests.support.waiting import PATIENCE, eventually, stretched


async def test_a_cancelled_job_stops_within_a_second(concurrent_app: TestApp) -> None:
    times: dict[str, float] = {}
    reached = asyncio.Event()

    async def handle(_run: JobRun) -> None:
        reached.set()
        try:
            await asyncio.sleep(PATIENCE * 2)
        finally:
            times["stopped"] = perf_counter()

    async with working(concurrent_app, handle):
        await enqueue(concurrent_app)
        await asyncio.wait_for(reached.wait(), PATIENCE)
        times["cancelled"] = perf_counter()
        await execute(concurrent_app, "UPDATE jobs SET cancel_requested_at = now()")
        await eventually(ended(concurrent_app, "cancelled"))
    assert times["stopped"] - times["cancelled"] < stretched(1)
    assert await carried(concurrent_app) == 0


async def test_a_job_that_is_cancelled_before_its_next_attempt_does_not_run(concurrent_app: TestApp) -> None:
    called: list[JobRun] = []

    async def handle(run: JobRun) -> None:
        called.append(run)

    await enqueue(concurrent_app)
    await execute(concurrent_app, "UPDATE jobs SET cancel_requested_at = now()")
    async with working(concurrent_app, handle):
        await eventually(ended(concurrent_app, "cancelled"))
    assert called == []


@pytest.mark.parametrize("act", ["progress", "step", "completing"])
async def test_an_attempt_that_lost_its_job_writes_nothing(
    concurrent_app: TestApp, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    """Another worker has taken the job over while this one was frozen."""
    monkeypatch.setattr(running, "_SECONDS", PATIENCE)
    caught: list[BaseException] = []
    other = uuid4()

    async def handle(run: JobRun) -> None:
        await execute(concurrent_app, "UPDATE jobs SET run = $1, attempt = 2", other)
        try:
            if act == "progress":
                await run.progress(1, 2)
            else:
                arguments = (1,) if act == "step" else ()
                async with getattr(run, act)(*arguments) as session:
                    await (await session.driver()).execute("UPDATE jobs SET message = 'twice'")
        except RunSuperseded as error:
            caught.append(error)
            raise

    metrics = Metrics()

    async def superseded() -> bool:
        labels = {"kind": KIND.name, "outcome": "superseded"}
        return metrics.registry.get_sample_value("job_attempts_total", labels) == 1

    async with working(concurrent_app, handle, metrics=metrics):
        await enqueue(concurrent_app)
        await eventually(superseded)
    (row,) = await jobs(concurrent_app)
    assert len(caught) == 1
    assert (row["status"], row["run"], row["attempt"], row["done"], row["message"]) == ("running", other, 2, 0, None)
    assert await carried(concurrent_app) == 1, "if the other worker dies, its row shows that"


async def test_an_attempt_is_ended_when_another_worker_has_its_job(concurrent_app: TestApp) -> None:
    reached, ended_here = asyncio.Event(), asyncio.Event()

    async def handle(_run: JobRun) -> None:
        reached.set()
        try:
            await asyncio.sleep(PATIENCE * 2)
        finally:
            ended_here.set()

    async with working(concurrent_app, handle):
        await enqueue(concurrent_app)
        await asyncio.wait_for(reached.wait(), PATIENCE)
        await execute(concurrent_app, "UPDATE jobs SET run = $1", uuid4())
        await asyncio.wait_for(ended_here.wait(), PATIENCE)
    assert [row["status"] for row in await jobs(concurrent_app)] == ["running"]
    assert await carried(concurrent_app) == 1


async def test_a_shutdown_returns_a_job_to_the_queue(concurrent_app: TestApp) -> None:
    starts: list[int] = []

    async def handle(run: JobRun) -> None:
        starts.append(run.done)
        if len(starts) == 1:
            await run.progress(5, 9)
            await asyncio.sleep(PATIENCE * 2)

    async def started() -> bool:
        return bool(starts) and (await jobs(concurrent_app))[0]["done"] == 5

    async with working(concurrent_app, handle):
        await enqueue(concurrent_app)
        await eventually(started)
    (row,) = await jobs(concurrent_app)
    assert (row["status"], row["attempt"], row["done"], await carried(concurrent_app)) == ("queued", 0, 5, 1)
    async with working(concurrent_app, handle):
        await eventually(ended(concurrent_app, "succeeded"))
    assert starts == [0, 5]


async def test_a_shutdown_lets_a_job_end_within_its_grace(concurrent_app: TestApp) -> None:
    reached = asyncio.Event()

    async def handle(_run: JobRun) -> None:
        reached.set()
        await asyncio.sleep(0.3)

    async with working(concurrent_app, handle, grace=PATIENCE):
        await enqueue(concurrent_app)
        await asyncio.wait_for(reached.wait(), PATIENCE)
    assert [row["status"] for row in await jobs(concurrent_app)] == ["succeeded"]


async def test_a_job_that_the_queue_forgot_runs(concurrent_app: TestApp) -> None:
    called: list[JobRun] = []

    async def handle(run: JobRun) -> None:
        called.append(run)

    await enqueue(concurrent_app)
    await execute(concurrent_app, "DELETE FROM pgqueuer")
    database = concurrent_app.runtime.database
    assert await requeue_lost_jobs(database) == 0, "its transaction may not be visible yet"
    await execute(concurrent_app, "UPDATE jobs SET run_after = $1", utc_now() - timedelta(minutes=2))
    assert await requeue_lost_jobs(database) == 1
    assert await requeue_lost_jobs(database) == 0
    async with working(concurrent_app, handle):
        await eventually(ended(concurrent_app, "succeeded"))
    assert len(called) == 1


async def test_a_job_of_the_previous_release_runs(concurrent_app: TestApp) -> None:
    """It enqueued the parameters themselves, without a row in ``jobs``."""
    called: list[Mapping[str, Any]] = []

    async def handle(run: JobRun) -> None:
        called.append(run.params)
        if len(called) == 1:
            message = "the first attempt"
            raise ValueError(message)

    await execute(
        concurrent_app,
        "INSERT INTO pgqueuer (priority, entrypoint, payload, status) VALUES (0, $1, $2, 'queued')",
        KIND.name,
        b'{"token": "1"}',
    )
    async with working(concurrent_app, handle):
        await eventually(ended(concurrent_app, "succeeded"))
    assert called == [{"token": "1"}] * 2


async def test_a_key_is_of_one_job_at_a_time(concurrent_app: TestApp) -> None:
    async def handle(_run: JobRun) -> None:
        pass

    first = await enqueue(concurrent_app, key="nightly")
    assert first is not None
    assert await enqueue(concurrent_app, key="nightly") is None
    assert await carried(concurrent_app) == 1
    async with working(concurrent_app, handle):
        await eventually(ended(concurrent_app, "succeeded"))
    assert await enqueue(concurrent_app, key="nightly") is not None
