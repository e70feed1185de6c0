"""Dates of usage and decisions, and the moments at which a status changes, exactly at their bounds."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.lifecycle.commands import QUIET_DAYS, RetirementPolicy
from app.lifecycle.errors import KeyBrownedOut, StillNeeded, VersionBrownedOut, VersionRetired
from app.lifecycle.rules import LONGEST_WINDOW, window_errors
from app.lifecycle.schedule import Schedule, ensure_key_served
from app.lifecycle.service import LifecycleService
from app.lifecycle.version import VersionStatus, Window
from app.models import UsageDay, VersionConsent
from app.usage.buffer import UsageBuffer
from app.usage.service import RETENTION, UsageService
from tests.support.app import TestApp
from tests.support.registries import OLD

NOON = datetime(2028, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


async def usage(test_app: TestApp) -> dict[Any, Any]:
    async with test_app.runtime.database.write() as session:
        rows = await session.execute(
            select(UsageDay.operation, UsageDay.first_seen, UsageDay.last_seen, UsageDay.requests)
        )
        return {row.operation: (row.first_seen, row.last_seen, row.requests) for row in rows}


def record(buffer: UsageBuffer, *moments: datetime, operation: str = "posts.list", consumer: str | None = None) -> None:
    for moment in moments:
        buffer.record("v901", operation, "", consumer, moment)


async def test_the_first_and_the_last_use_of_a_day_are_kept_in_any_order(test_app: TestApp) -> None:
    """The clocks of several processes differ, and their buffers are written in any order."""
    database, buffer = test_app.runtime.database, UsageBuffer(lambda: None)
    record(buffer, NOON, NOON - HOUR, NOON + HOUR, NOON)
    await buffer.flush(database)
    assert await usage(test_app) == {"posts.list": (NOON - HOUR, NOON + HOUR, 4)}
    record(buffer, NOON)
    await buffer.flush(database)
    assert await usage(test_app) == {"posts.list": (NOON - HOUR, NOON + HOUR, 5)}
    record(buffer, NOON - 2 * HOUR, NOON + 2 * HOUR)
    await buffer.flush(database)
    assert await usage(test_app) == {"posts.list": (NOON - 2 * HOUR, NOON + 2 * HOUR, 7)}


async def test_a_buffer_counts_as_many_keys_as_its_limit(test_app: TestApp) -> None:
    dropped: list[int] = []
    buffer = UsageBuffer(lambda: dropped.append(1), limit=3)
    for number in range(5):
        record(buffer, NOON, NOON, operation=f"operation {number}")
    assert len(dropped) == 4
    await buffer.flush(test_app.runtime.database)
    assert set(await usage(test_app)) == {"operation 0", "operation 1", "operation 2"}


async def test_usage_is_kept_for_400_days(test_app: TestApp) -> None:
    buffer = UsageBuffer(lambda: None)
    record(buffer, NOON, operation="kept")
    record(buffer, NOON - DAY, operation="purged")
    await buffer.flush(test_app.runtime.database)
    assert timedelta(days=400) == RETENTION
    async with test_app.runtime.database.write() as session:
        assert await UsageService(session).purge(NOON + RETENTION) == 1
    assert set(await usage(test_app)) == {"kept"}


async def test_a_new_consent_has_its_own_date_and_note(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    found = []
    for note in ("ticket 1", "ticket 2"):
        async with test_app.runtime.database.write() as session:
            await LifecycleService(session).consent(OLD, ada.user.id, note)
        async with test_app.runtime.database.write() as session:
            found.append((await session.execute(select(VersionConsent.note, VersionConsent.given_at))).one())
    assert [one.note for one in found] == ["ticket 1", "ticket 2"]
    assert found[0].given_at < found[1].given_at


async def retire(test_app: TestApp, now: datetime, policy: RetirementPolicy) -> bool:
    async with test_app.runtime.database.write() as session:
        return await LifecycleService(session).retire(OLD, policy, now)


async def test_a_version_may_end_at_its_sunset_and_not_a_second_earlier(test_app: TestApp) -> None:
    assert OLD.sunset_at is not None
    with pytest.raises(StillNeeded):
        await retire(test_app, OLD.sunset_at - SECOND, RetirementPolicy())
    assert await retire(test_app, OLD.sunset_at, RetirementPolicy()) is True


@pytest.mark.parametrize(("late", "retired"), [(timedelta(0), False), (SECOND, True)])
async def test_the_quiet_days_are_counted_from_the_last_use(
    test_app: TestApp, late: timedelta, *, retired: bool
) -> None:
    buffer = UsageBuffer(lambda: None)
    record(buffer, NOON - DAY, NOON)
    await buffer.flush(test_app.runtime.database)
    now = NOON + timedelta(days=QUIET_DAYS) + late
    if retired:
        assert await retire(test_app, now, RetirementPolicy()) is True
    else:
        with pytest.raises(StillNeeded, match="last on 2028-03-01"):
            await retire(test_app, now, RetirementPolicy())


def test_a_window_covers_its_start_and_not_its_end() -> None:
    window = Window(NOON, NOON + HOUR)
    assert [window.covers(NOON + delta) for delta in (-SECOND, timedelta(0), HOUR - SECOND, HOUR)] == [
        False,
        True,
        True,
        False,
    ]
    assert not window.overlaps(Window(NOON + HOUR, NOON + 2 * HOUR)), "one ends when the other starts"
    assert window.overlaps(Window(NOON + HOUR - SECOND, NOON + 2 * HOUR))


def test_the_longest_brownout_is_a_day() -> None:
    assert OLD.deprecated_at is not None
    start = OLD.deprecated_at + DAY
    assert list(window_errors(OLD, [Window(start, start + DAY)])) == []
    assert len(list(window_errors(OLD, [Window(start, start + DAY + SECOND)]))) == 1
    assert DAY == LONGEST_WINDOW


def test_a_version_ends_at_the_moment_of_its_retirement() -> None:
    schedule = Schedule()
    schedule.ensure_served(OLD, NOON)
    assert (schedule.status(OLD, NOON), schedule.windows(OLD)) == (VersionStatus.DEPRECATED, [])
    schedule.replace({}, {"v901": NOON})
    schedule.ensure_served(OLD, NOON - SECOND)
    assert schedule.status(OLD, NOON - SECOND) is VersionStatus.DEPRECATED
    with pytest.raises(VersionRetired):
        schedule.ensure_served(OLD, NOON)
    assert schedule.status(OLD, NOON) is VersionStatus.RETIRED


@pytest.mark.parametrize(("passed", "seconds"), [(0.0, 3600), (0.5, 3600), (3599.5, 1), (1800.0, 1800)])
def test_a_client_that_waits_for_the_end_of_a_brownout_is_served(passed: float, seconds: int) -> None:
    """The time is rounded up: a client that returns after it is not too early."""
    now = NOON + timedelta(seconds=passed)
    schedule = Schedule()
    schedule.replace({"v901": [Window(NOON, NOON + HOUR)]}, {})
    with pytest.raises(VersionBrownedOut) as of_version:
        schedule.ensure_served(OLD, now)
    with pytest.raises(KeyBrownedOut) as of_key:
        ensure_key_served(OLD, NOON + HOUR, now)
    assert (of_version.value.retry_after, of_key.value.retry_after) == (seconds, seconds)
    after = now + timedelta(seconds=seconds)
    schedule.ensure_served(OLD, after)
    ensure_key_served(OLD, NOON + HOUR, after)


async def test_consumers_are_listed_most_recent_first_with_their_last_use(test_app: TestApp) -> None:
    buffer = UsageBuffer(lambda: None)
    for consumer, moment in (("early", NOON - HOUR), ("late", NOON), ("middle", NOON - HOUR / 2)):
        record(buffer, moment, NOON - 3 * HOUR, consumer=consumer)
        record(buffer, NOON - 2 * HOUR, consumer=consumer, operation="posts.get")
    await buffer.flush(test_app.runtime.database)
    async with test_app.runtime.database.write() as session:
        found = (await LifecycleService(session).report(OLD, RetirementPolicy(), NOON)).consumers
    assert [one.consumer for one in found] == ["late", "middle", "early"]
    assert [(one.total.last_seen, one.total.requests) for one in found] == [
        (NOON, 3),
        (NOON - HOUR / 2, 3),
        (NOON - HOUR, 3),
    ]
