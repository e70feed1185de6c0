"""Recorded usage has the times of the first and of the last request, in whatever order workers write them."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from app.lifecycle.usage import UsageBuffer
from tests.support.app import TestApp

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
HOURS = (0, 1, 2)


def record(buffer: UsageBuffer, hour: int) -> None:
    buffer.record("v1", "posts.list", "", "somebody", NOON + timedelta(hours=hour))


async def stored(test_app: TestApp) -> tuple[int, datetime, datetime]:
    """Requests, first and last time of the only row."""
    async with test_app.runtime.database.write() as session:
        driver = await session.driver()
        (row,) = await driver.fetch("SELECT requests, first_seen, last_seen FROM version_usage")
    return row["requests"], row["first_seen"], row["last_seen"]


@pytest.mark.parametrize("order", list(permutations(HOURS)))
async def test_several_flushes(test_app: TestApp, order: tuple[int, ...]) -> None:
    for hour in order:
        buffer = UsageBuffer(lambda: None)
        record(buffer, hour)
        await buffer.flush(test_app.runtime.database)
    assert await stored(test_app) == (3, NOON, NOON + timedelta(hours=2))


@pytest.mark.parametrize("order", list(permutations(HOURS)))
async def test_one_flush(test_app: TestApp, order: tuple[int, ...]) -> None:
    buffer = UsageBuffer(lambda: None)
    for hour in order:
        record(buffer, hour)
    await buffer.flush(test_app.runtime.database)
    assert await stored(test_app) == (3, NOON, NOON + timedelta(hours=2))
