"""What follows an attempt at a job: success, retry or failure."""

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import orjson

from app.kit.queue.kinds import JobKind, JobRejected, JobRun
from observability.metrics.metrics import Metrics
from tests.support.app import TestApp
from tests.support.jobs import CONCURRENCY, FAST, KIND, ended, enqueue, execute, jobs, none_carried, working
from tests.support.waiting import PATIENCE, eventually


async def test_a_job_reports_its_progress_and_its_result(concurrent_app: TestApp) -> None:
    seen: list[Any] = []

    async def handle(run: JobRun) -> Mapping[str, Any]:
        await run.progress(1, 4, "first step")
        seen.append([(row["done"], row["total"], row["message"], row["status"]) for row in await jobs(concurrent_app)])
        await run.progress(2)
        return {"rows": run.params["rows"]}

    async with working(concurrent_app, handle):
        await enqueue(concurrent_app, {"rows": 7})
        await eventually(ended(concurrent_app, "succeeded"))
    assert seen == [[(1, 4, "first step", "running")]]
    (row,) = await jobs(concurrent_app)
    assert (row["done"], row["total"], row["message"], row["attempt"]) == (4, 4, "first step", 1)
    assert (orjson.loads(row["result"]), row["problem"], row["request_id"]) == ({"rows": 7}, None, "r-1")
    assert row["created_at"] <= row["started_at"] <= row["finished_at"]


async def test_an_effect_and_the_success_are_one_transaction(concurrent_app: TestApp) -> None:
    effects: list[int] = []

    async def handle(run: JobRun) -> None:
        async with run.completing({"mails": 1}) as session:
            effects.append(len(await jobs(concurrent_app)))
            await (await session.driver()).execute("UPDATE jobs SET message = 'the effect' WHERE uid = $1", run.uid)
            if len(effects) == 1:
                message = "after the effect"
                raise ValueError(message)

    async with working(concurrent_app, handle):
        await enqueue(concurrent_app)
        await eventually(ended(concurrent_app, "succeeded"))
    (row,) = await jobs(concurrent_app)
    assert (row["attempt"], row["message"], orjson.loads(row["result"])) == (2, "the effect", {"mails": 1})


async def test_a_job_fails_with_the_code_of_its_last_error(concurrent_app: TestApp) -> None:
    async def handle(_run: JobRun) -> None:
        message = "ada@example.com is rejected"
        raise ConnectionError(message)

    async with working(concurrent_app, handle):
        await enqueue(concurrent_app)
        await eventually(ended(concurrent_app, "failed"))
        await eventually(lambda: none_carried(concurrent_app))
    (row,) = await jobs(concurrent_app)
    assert row["attempt"] == FAST.max_attempts
    assert orjson.loads(row["problem"]) == {
        "code": "job_failed",
        "detail": "An attempt failed with ConnectionError.",
    }


async def test_a_rejected_job_is_not_attempted_again(concurrent_app: TestApp) -> None:
    async def handle(_run: JobRun) -> None:
        raise JobRejected("file_not_found", "There is no such file.")

    async with working(concurrent_app, handle):
        await enqueue(concurrent_app)
        await eventually(ended(concurrent_app, "failed"))
    (row,) = await jobs(concurrent_app)
    assert row["attempt"] == 1
    assert orjson.loads(row["problem"]) == {"code": "file_not_found", "detail": "There is no such file."}


async def test_an_attempt_that_takes_too_long_is_ended(concurrent_app: TestApp) -> None:
    async def handle(_run: JobRun) -> None:
        await asyncio.sleep(PATIENCE * 2)

    async with working(concurrent_app, handle, JobKind("test.job", timeout=0.1, max_attempts=2)):
        await enqueue(concurrent_app)
        await eventually(ended(concurrent_app, "failed"))
    (row,) = await jobs(concurrent_app)
    assert (row["attempt"], orjson.loads(row["problem"])["code"]) == (2, "job_timed_out")


async def test_attempts_that_ended_their_worker_count(concurrent_app: TestApp) -> None:
    """As a job that takes all memory: nothing but the count of starts remains of its attempts."""
    called: list[JobRun] = []

    async def handle(run: JobRun) -> None:
        called.append(run)

    metrics = Metrics()
    await enqueue(concurrent_app)
    await execute(
        concurrent_app, "UPDATE jobs SET status = 'running', run = $1, attempt = $2", uuid4(), FAST.max_attempts
    )
    async with working(concurrent_app, handle, metrics=metrics):
        await eventually(ended(concurrent_app, "failed"))
    (row,) = await jobs(concurrent_app)
    assert (called, orjson.loads(row["problem"])["code"]) == ([], "job_crashed")
    assert metrics.registry.get_sample_value("job_crashes_total", {"kind": KIND.name}) == 1
    assert metrics.registry.get_sample_value("jobs_finished_total", {"kind": KIND.name, "status": "failed"}) == 1


async def test_a_worker_runs_no_more_jobs_at_once_than_its_setting_says(concurrent_app: TestApp) -> None:
    running, peak, full = 0, 0, asyncio.Event()

    async def handle(_run: JobRun) -> None:
        nonlocal running, peak
        running += 1
        peak = max(peak, running)
        if running == CONCURRENCY:
            full.set()
        await full.wait()
        # Long enough that others would begin meanwhile.
        await asyncio.sleep(0.3)
        running -= 1

    for _ in range(2 * CONCURRENCY):
        await enqueue(concurrent_app)
    async with working(concurrent_app, handle):
        await eventually(lambda: none_carried(concurrent_app))
    assert peak == CONCURRENCY
