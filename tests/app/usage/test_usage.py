"""What the buffer counts, what a flush writes, and quantiles."""

from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from sqlalchemy import select, text

from app.errors import Unavailable
from app.kit.db.database import UnitOfWork
from app.models import UsageDay
from app.usage.buffer import UsageBuffer
from app.usage.views import quantile
from observability.metrics.requests import BUCKETS
from tests.support.app import TestApp
from tests.support.lost_replies import LosesTheReply, Unreachable

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


def record(buffer: UsageBuffer, status: int = 200, seconds: float = 0.02, *, deprecated: bool = False) -> None:
    buffer.record_request("v901", "posts.list", "c", NOON, status=status, seconds=seconds, deprecated=deprecated)


async def stored(test_app: TestApp) -> tuple[int, int, int, int | None, list[int]]:
    columns = UsageDay.requests, UsageDay.errors, UsageDay.rejections, UsageDay.deprecated_calls, UsageDay.latencies
    async with test_app.runtime.database.write() as session:
        return tuple((await session.execute(select(*columns))).one())


async def test_flushes_add_to_the_stored_sums(test_app: TestApp) -> None:
    buffer = UsageBuffer(lambda: None)
    record(buffer)
    record(buffer, 404, 0.005)
    record(buffer, 429)
    record(buffer, 500, 11, deprecated=True)
    record(buffer, 499)
    with pytest.raises(Unavailable):
        await buffer.flush(cast("UnitOfWork", Unreachable()))
    for _ in range(2):
        await buffer.flush(test_app.runtime.database)
    assert await stored(test_app) == (5, 2, 1, 1, [1, 0, 2, *[0] * 11, 1])
    record(buffer, 410, deprecated=True)
    record(buffer)
    await buffer.flush(test_app.runtime.database)
    assert await stored(test_app) == (7, 2, 2, 2, [1, 0, 3, *[0] * 11, 1])


@pytest.mark.parametrize("committed", [True, False])
async def test_a_flush_of_unknown_outcome_counts_once(test_app: TestApp, *, committed: bool) -> None:
    database = test_app.runtime.database
    buffer = UsageBuffer(lambda: None)
    record(buffer)
    with pytest.raises(Unavailable):
        await buffer.flush(cast("UnitOfWork", LosesTheReply(database) if committed else Unreachable()))
    record(buffer)
    for _ in range(2):
        await buffer.flush(database)
    other = UsageBuffer(lambda: None)
    record(other)
    await other.flush(database)
    assert (await stored(test_app))[0] == 3


async def test_the_previous_release_records_through_its_table(test_app: TestApp) -> None:
    """Its statement, which knows neither the name nor the new columns."""
    add = text("""
        INSERT INTO version_usage (api_version, consumer, operation, feature, day, requests, first_seen, last_seen)
        VALUES ('v901', 'c', 'posts.list', '', :day, 2, :at, :at)
        ON CONFLICT (api_version, consumer, operation, feature, day)
        DO UPDATE SET requests = version_usage.requests + excluded.requests
    """)
    async with test_app.runtime.database.write() as session:
        for _ in range(2):
            await session.execute(add, {"day": NOON.date(), "at": NOON})
    assert await stored(test_app) == (4, 0, 0, None, [0] * 15)
    buffer = UsageBuffer(lambda: None)
    record(buffer)
    await buffer.flush(test_app.runtime.database)
    assert await stored(test_app) == (5, 0, 0, 4, [0, 0, 1, *[0] * 12]), "all its requests were deprecated calls"


def test_the_buffer_is_bounded() -> None:
    dropped: list[None] = []
    buffer = UsageBuffer(lambda: dropped.append(None), limit=2)
    for day in range(4):
        buffer.record("v901", "posts.list", "", None, NOON + timedelta(days=day))
    assert len(dropped) == 2


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ([0] * 15, None),
        ([100, *[0] * 14], 0.95 * BUCKETS[0]),
        ([50, 50, *[0] * 13], 0.005 + 0.005 * 0.9),
        ([10, 90, *[0] * 13], 0.005 + 0.005 * 85 / 90),
        ([0, 0, 10, *[0] * 12], 0.01 + 0.015 * 0.95),
        ([*[0] * 14, 7], 10.0),
    ],
)
def test_a_quantile_is_interpolated_in_its_bucket(counts: list[int], expected: float | None) -> None:
    assert quantile(0.95, counts) == (expected if expected is None else pytest.approx(expected))
