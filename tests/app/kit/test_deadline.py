"""The deadline of a request: what it ends, when it waits for the client, and when it is over."""

import asyncio

import pytest

from app.kit import deadline as module
from app.kit.deadline import Deadline, DeadlineExceeded, current_deadline
from tests.support.waiting import PATIENCE

SOON = 0.05


class Connection:
    def __init__(self) -> None:
        self.terminated = 0

    def terminate(self) -> None:
        self.terminated += 1


async def test_the_end_terminates_the_connections_in_use_and_no_others() -> None:
    used, returned = Connection(), Connection()

    async def work() -> None:
        with Deadline(SOON) as deadline:
            deadline.add(used)
            deadline.add(returned)
            deadline.remove(returned)
            deadline.remove(returned)
            await asyncio.sleep(PATIENCE)

    with pytest.raises(DeadlineExceeded) as raised:
        await work()
    assert (used.terminated, returned.terminated) == (1, 0)
    assert raised.value.retry_after == 2


async def test_a_connection_that_is_added_after_the_end_is_terminated_at_once() -> None:
    late = Connection()

    async def work() -> None:
        with Deadline(SOON) as deadline:
            try:
                await asyncio.sleep(PATIENCE)
            except asyncio.CancelledError:
                deadline.add(late)

    with pytest.raises(DeadlineExceeded):
        await work()
    assert late.terminated == 1


async def test_the_time_of_a_body_does_not_count() -> None:
    with Deadline(PATIENCE) as deadline:
        at_first = deadline._when
        for number in (1, 2):
            deadline.pause()
            await asyncio.sleep(SOON)
            deadline.resume()
            assert deadline._when - at_first > number * SOON * 0.9
        moved = deadline._when
        deadline.resume()
        assert deadline._when == moved


async def test_a_pause_within_a_pause_ends_with_the_outer_one() -> None:
    """The client sends its body while the upload, as a whole, is not counted."""
    with Deadline(PATIENCE) as deadline:
        at_first = deadline._when
        deadline.pause()
        deadline.pause()
        await asyncio.sleep(SOON)
        deadline.resume()
        assert deadline._when == at_first
        await asyncio.sleep(SOON)
        deadline.resume()
        assert deadline._when - at_first > 2 * SOON * 0.9


async def test_the_clock_continues_after_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PAUSED_SECONDS", SOON)

    async def work() -> None:
        with Deadline(SOON) as deadline:
            deadline.pause()
            await asyncio.sleep(2 * SOON)
            deadline.resume()
            await asyncio.sleep(PATIENCE)

    with pytest.raises(DeadlineExceeded):
        await work()


async def test_a_response_that_has_started_is_not_interrupted() -> None:
    with Deadline(SOON) as deadline:
        deadline.end()
        await asyncio.sleep(3 * SOON)
    assert not deadline.expired


@pytest.mark.parametrize("seconds", [PATIENCE, 2 * SOON])
async def test_a_cancellation_by_others_stays_one(seconds: float) -> None:
    """Also if the deadline passes during the clean-up."""
    started = asyncio.Event()

    async def work() -> None:
        with Deadline(seconds):
            try:
                started.set()
                await asyncio.sleep(PATIENCE)
            finally:
                await asyncio.sleep(4 * SOON)

    task = asyncio.create_task(work())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_deadline_that_passes_after_its_block_cancels_nothing() -> None:
    for _ in range(2):
        with Deadline(0.05):
            await asyncio.sleep(0)
    await asyncio.sleep(0.2)


async def test_the_deadline_of_a_block_ends_with_it() -> None:
    assert current_deadline() is None
    with Deadline(PATIENCE) as outer:
        assert current_deadline() is outer
        with Deadline(PATIENCE) as inner:
            assert current_deadline() is inner
        assert current_deadline() is outer
    assert current_deadline() is None


async def test_a_deadline_does_not_count_pauses() -> None:
    with Deadline(0.2) as deadline:
        deadline.pause()
        await asyncio.sleep(0.4)
        deadline.resume()
    with pytest.raises(DeadlineExceeded), Deadline(0.05):
        await asyncio.sleep(20)
    assert asyncio.current_task().cancelling() == 0


async def test_a_cancellation_from_outside_is_not_an_exceeded_deadline() -> None:
    async def wait() -> None:
        with Deadline(20):
            await asyncio.sleep(20)

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
