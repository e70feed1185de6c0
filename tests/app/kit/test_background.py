"""A background task survives every error of its work, logs it once, and ends only when it is cancelled."""

import asyncio

import asyncpg
import pytest
from structlog.testing import capture_logs

from app.errors import Unavailable
from app.kit import background
from app.kit.background import repeat, repeat_from_now, repeating, run_logged, tasks_running

SECONDS = 60
OUTAGES = [Unavailable(), asyncpg.ConnectionDoesNotExistError(), ConnectionRefusedError(), TimeoutError()]
DEFECTS = [ValueError("a defect"), KeyError("missing"), asyncpg.UndefinedTableError("no such table")]


class Work:
    """Raises the given errors one after another, and then succeeds."""

    def __init__(self, errors: list[Exception]) -> None:
        self.errors = list(errors)
        self.runs = 0
        self.succeeded = asyncio.Event()

    async def __call__(self) -> None:
        self.runs += 1
        if self.errors:
            raise self.errors.pop(0)
        self.succeeded.set()


async def test_a_task_continues_after_every_error() -> None:
    work = Work([*OUTAGES, *DEFECTS])
    with capture_logs() as lines:
        task = asyncio.create_task(repeat("work_failed", work, 0.001))
        await asyncio.wait_for(work.succeeded.wait(), SECONDS)
        runs = work.runs
        work.succeeded.clear()
        await asyncio.wait_for(work.succeeded.wait(), SECONDS)
        assert work.runs > runs
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    levels = [(line["event"], line["log_level"]) for line in lines]
    assert levels == [("work_failed", "warning")] * len(OUTAGES) + [("work_failed", "error")] * len(DEFECTS)
    assert [line["exc_info"] for line in lines if line["log_level"] == "error"] == DEFECTS


async def test_a_task_waits_before_its_first_run_and_between_two() -> None:
    work = Work([])
    task = asyncio.create_task(repeat("work_failed", work, 3600))
    await asyncio.sleep(0.05)
    assert work.runs == 0
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_cancellation_is_not_logged_as_an_error() -> None:
    async def wait() -> None:
        await asyncio.sleep(3600)

    with capture_logs() as lines:
        task = asyncio.create_task(run_logged("work_failed", wait))
        await asyncio.sleep(0)
        task.cancel()
        assert isinstance((await asyncio.gather(task, return_exceptions=True))[0], asyncio.CancelledError)
    assert lines == []


async def test_a_cancellation_that_becomes_another_error_ends_the_task() -> None:
    """As SQLAlchemy reports the cancellation of a call that opens a connection."""
    begun = asyncio.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.sleep(SECONDS)
        except asyncio.CancelledError as error:
            raise RuntimeError("this connection is closed") from error

    with capture_logs() as lines:
        async with asyncio.timeout(SECONDS / 2), tasks_running(repeat_from_now("failed", work, SECONDS)):
            await begun.wait()
    assert lines == []


async def test_the_work_runs_once_more_after_the_block() -> None:
    work = Work([])
    async with repeating("work_failed", work, SECONDS):
        assert work.runs == 0
    assert work.runs == 1


async def test_the_last_run_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    assert background._LAST_RUN_SECONDS <= 5, "a process must end within the time that its supervisor grants"
    monkeypatch.setattr(background, "_LAST_RUN_SECONDS", 0.01)
    ended: list[bool] = []

    async def hang() -> None:
        try:
            await asyncio.sleep(SECONDS)
        finally:
            ended.append(True)

    async with asyncio.timeout(SECONDS / 2), repeating("work_failed", hang, SECONDS):
        pass
    assert ended == [True]


async def test_tasks_run_during_a_block_whose_end_waits_for_them() -> None:
    events: list[str] = []

    async def work(name: str) -> None:
        events.append(f"{name} started")
        try:
            await asyncio.sleep(SECONDS)
        finally:
            await asyncio.sleep(0)
            events.append(f"{name} ended")

    async def fails() -> None:
        raise ValueError

    async def block() -> None:
        async with tasks_running(work("a"), work("b"), fails()):
            await asyncio.sleep(0.01)
            assert events == ["a started", "b started"]
            raise KeyError

    with pytest.raises(KeyError):
        await block()
    assert sorted(events[2:]) == ["a ended", "b ended"]


async def test_work_that_repeats_from_now_runs_at_once_and_again() -> None:
    work = Work([])
    async with tasks_running(repeat_from_now("work_failed", work, SECONDS)):
        await asyncio.wait_for(work.succeeded.wait(), SECONDS)
        assert work.runs == 1
    again = Work([ValueError("a defect")])
    with capture_logs() as lines:
        async with tasks_running(repeat_from_now("work_failed", again, 0.001)):
            await asyncio.wait_for(again.succeeded.wait(), SECONDS)
    assert [line["event"] for line in lines] == ["work_failed"]
