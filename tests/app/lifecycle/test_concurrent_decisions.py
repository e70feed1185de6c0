"""Two operators decide about a version at once: the second decision considers what the first has committed."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from app.kit.clock import utc_now
from app.kit.db.sessions import WriteSession
from app.lifecycle.commands import RetirementPolicy
from app.lifecycle.errors import BrownoutRefused, NoSuchBrownout
from app.lifecycle.service import LifecycleService
from app.lifecycle.version import Window
from tests.support.app import TestApp
from tests.support.registries import DAY, OLD
from tests.support.transactions import overlap

AFTER_SUNSET = datetime(2028, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def window(hours: float) -> Window:
    """An hour tomorrow."""
    start = utc_now() + DAY + hours * HOUR
    return Window(start, start + HOUR)


async def schedule(session: WriteSession, *, hours: float = 0) -> None:
    await LifecycleService(session).schedule(OLD, window(hours))


async def cancel(session: WriteSession) -> int:
    return await LifecycleService(session).cancel(OLD, Window(utc_now(), utc_now() + 10 * DAY))


async def retire(session: WriteSession) -> bool:
    return await LifecycleService(session).retire(OLD, RetirementPolicy(), AFTER_SUNSET)


@pytest.mark.parametrize(
    ("first", "second", "outcome"),
    [
        (schedule, partial(schedule, hours=0.5), BrownoutRefused),
        (schedule, partial(schedule, hours=2), type(None)),
        (retire, schedule, BrownoutRefused),
        (retire, retire, bool),
        (schedule, cancel, int),
    ],
)
async def test_the_second_decision_considers_the_first(
    concurrent_app: TestApp,
    first: Callable[[WriteSession], Awaitable[Any]],
    second: Callable[[WriteSession], Awaitable[Any]],
    outcome: type[object],
) -> None:
    _, result = await overlap(concurrent_app, first, second)
    assert type(result) is outcome, result
    if second is retire:
        assert result is False, "it is retired already"
    if second is cancel:
        assert result == 1


async def test_a_brownout_is_cancelled_once(concurrent_app: TestApp) -> None:
    async with concurrent_app.runtime.database.write() as session:
        await schedule(session)
    first, second = await overlap(concurrent_app, cancel, cancel)
    assert (first, type(second)) == (1, NoSuchBrownout)
