"""A step runs again at once while there is more to do, else when it is nudged or after a pause, whatever it raises."""

import asyncio
from collections.abc import Sequence

import pytest
from structlog.testing import capture_logs

from app.errors import Unavailable
from app.kit import background
from app.kit.background import stepping
from tests.support.waiting import PATIENCE, eventually

NEVER = 3600.0
SOON = 0.001


class Steps:
    """Returns or raises the given outcomes one after another, then False."""

    def __init__(self, outcomes: Sequence[bool | Exception] = ()) -> None:
        self._outcomes = list(outcomes)
        self.runs = 0

    async def __call__(self) -> bool:
        self.runs += 1
        outcome = self._outcomes.pop(0) if self._outcomes else False
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def reach(self, runs: int) -> None:
        async def reached() -> bool:
            return self.runs >= runs

        await eventually(reached)


async def idle() -> None:
    """Let every task run that can."""
    for _ in range(50):
        await asyncio.sleep(0)


async def test_a_step_runs_again_at_once_while_there_is_more() -> None:
    steps = Steps([True, True, False])
    async with stepping("failed", steps, asyncio.Event(), NEVER):
        await steps.reach(3)
        await idle()
    assert steps.runs == 3


async def test_a_step_runs_when_nudged_and_once_for_each_nudge() -> None:
    steps, nudged = Steps(), asyncio.Event()
    async with stepping("failed", steps, nudged, NEVER):
        await steps.reach(1)
        nudged.set()
        await steps.reach(2)
        await idle()
    assert steps.runs == 2


async def test_a_step_runs_without_a_nudge_after_the_pause() -> None:
    steps = Steps()
    async with stepping("failed", steps, asyncio.Event(), SOON):
        await steps.reach(4)


async def test_a_nudge_during_a_step_is_not_lost() -> None:
    """The step may have looked before the change that the nudge is about."""
    nudged, runs = asyncio.Event(), list[int]()

    async def step() -> bool:
        runs.append(len(runs))
        if len(runs) == 1:
            nudged.set()
        return False

    async def twice() -> bool:
        return len(runs) == 2

    async with stepping("failed", step, nudged, NEVER):
        await eventually(twice)
        await idle()
    assert len(runs) == 2


async def test_a_failed_step_is_repeated_with_growing_delays_until_one_succeeds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Recorded:
        def __init__(self) -> None:
            self.failures: list[int] = []

        def delay(self, failures: int) -> float:
            self.failures.append(failures)
            return 0.0

    backoff = Recorded()
    monkeypatch.setattr(background, "_STEP_BACKOFF", backoff)
    steps = Steps([Unavailable(), ValueError("a defect"), True, Unavailable()])
    with capture_logs() as lines:
        async with stepping("step_failed", steps, asyncio.Event(), NEVER):
            await steps.reach(5)
    assert backoff.failures == [0, 1, 0]
    assert [(line["event"], line["log_level"]) for line in lines] == [
        ("step_failed", "warning"),
        ("step_failed", "error"),
        ("step_failed", "warning"),
    ]


def test_work_is_done_soon_after_an_outage() -> None:
    assert background._STEP_BACKOFF.delay(0) < 1
    assert background._STEP_BACKOFF.delay(1000) < 10


async def test_the_end_of_the_block_ends_a_step() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def step() -> bool:
        begun.set()
        try:
            await asyncio.sleep(PATIENCE)
        finally:
            ended.set()
        return False

    async with stepping("failed", step, asyncio.Event(), NEVER):
        await asyncio.wait_for(begun.wait(), PATIENCE)
    assert ended.is_set()


@pytest.mark.parametrize("turns", range(4))
async def test_a_nudge_at_the_same_moment_does_not_keep_a_block_from_its_end(turns: int) -> None:
    """The cancellation wins, whichever of both the waiting task sees first."""
    nudged, steps = asyncio.Event(), Steps()
    async with asyncio.timeout(PATIENCE):
        async with stepping("failed", steps, nudged, NEVER):
            await steps.reach(1)
            await idle()
            nudged.set()
            for _ in range(turns):
                await asyncio.sleep(0)
