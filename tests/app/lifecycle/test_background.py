"""The background tasks of a serving process refresh decisions and write usage, on a real database."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, cast

import pytest
from prometheus_client import generate_latest
from structlog.testing import capture_logs

from app.errors import Unavailable
from app.http.lifecycle import LifecycleComponent
from app.kit import background as kit_background
from app.kit.clock import utc_now
from app.kit.db.database import UnitOfWork
from app.lifecycle.background import LifecycleSync, lifecycle_sync_running
from app.lifecycle.commands import RetirementPolicy
from app.lifecycle.metrics import VersionMetrics
from app.lifecycle.queries import DecisionQueries
from app.lifecycle.service import LifecycleService
from app.lifecycle.version import VersionStatus, Window
from app.lifecycle.views import Consumer
from app.models.usage import ANONYMOUS
from app.settings.http import HttpSettings
from app.settings.lifecycle import LifecycleSettings
from app.usage.buffer import UsageBuffer
from observability.metrics.metrics import Metrics
from tests.support.app import TestApp
from tests.support.registries import CURRENT, OLD
from tests.support.waiting import PATIENCE, eventually

AFTER_SUNSET = datetime(2028, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


async def consumers(test_app: TestApp) -> Sequence[Consumer]:
    async with test_app.runtime.database.write() as session:
        return (await LifecycleService(session).report(OLD, RetirementPolicy())).consumers


class UnavailableDatabase:
    """A database that rejects every transaction."""

    @property
    def reads(self) -> Any:
        return self

    def write(self) -> Any:
        raise Unavailable

    async def all(self, *_arguments: object) -> Any:
        raise Unavailable


async def test_a_failed_flush_keeps_the_counts(test_app: TestApp) -> None:
    dropped: list[None] = []
    buffer = UsageBuffer(lambda: dropped.append(None), limit=2)
    now = utc_now()
    buffer.record("v901", "posts.list", "", None, now)
    buffer.record("v901", "posts.get", "", None, now)
    buffer.record("v901", "users.list", "", None, now)
    assert len(dropped) == 1, "the buffer is bounded and reports dropped counts"
    with pytest.raises(Unavailable):
        await buffer.flush(cast("UnitOfWork", UnavailableDatabase()))
    buffer.record("v901", "posts.list", "", None, now + HOUR / 60)
    await buffer.flush(test_app.runtime.database)
    (anonymous,) = await consumers(test_app)
    assert anonymous.consumer == ANONYMOUS
    assert {name: use.requests for name, use in anonymous.operations.items()} == {"posts.list": 2, "posts.get": 1}
    await buffer.flush(test_app.runtime.database)
    assert (await consumers(test_app))[0].total.requests == 3, "a second flush writes nothing"


async def test_a_process_applies_decisions_after_a_refresh(test_app: TestApp) -> None:
    schedule, metrics = test_app.runtime.get(LifecycleComponent).schedule, Metrics(["v901", "v2"])
    metrics.group(VersionMetrics).describe((OLD, CURRENT))

    def told() -> set[str]:
        text = generate_latest(metrics.registry).decode()
        return {line for line in text.splitlines() if line.startswith(("api_version_info", "api_version_browned_out"))}

    sync = LifecycleSync(schedule, test_app.runtime.database, (OLD, CURRENT), metrics.group(VersionMetrics))
    await sync.refresh()
    assert schedule.status(OLD, utc_now()) is VersionStatus.DEPRECATED
    assert 'api_version_info{api_version="v901",status="deprecated",successor="v2"} 1.0' in told()
    assert 'api_version_browned_out{api_version="v901"} 0.0' in told()
    async with test_app.runtime.database.write() as session:
        await LifecycleService(session).schedule(OLD, Window(utc_now(), utc_now() + HOUR))
    assert schedule.status(OLD, utc_now()) is VersionStatus.DEPRECATED, "requests do not query the database"
    await sync.refresh()
    assert schedule.status(OLD, utc_now()) is VersionStatus.BROWNOUT
    assert told() == {
        'api_version_info{api_version="v901",status="deprecated",successor="v2"} 0.0',
        'api_version_info{api_version="v901",status="brownout",successor="v2"} 1.0',
        'api_version_info{api_version="v2",status="current",successor=""} 1.0',
        'api_version_browned_out{api_version="v901"} 1.0',
        'api_version_browned_out{api_version="v2"} 0.0',
    }
    assert schedule.status(CURRENT, utc_now()) is VersionStatus.CURRENT
    async with test_app.runtime.database.write() as session:
        await LifecycleService(session).retire(OLD, RetirementPolicy(), AFTER_SUNSET)
    await sync.refresh()
    assert schedule.status(OLD, utc_now()) is VersionStatus.BROWNOUT, "the retirement is declared for a later day"
    assert schedule.status(OLD, AFTER_SUNSET) is VersionStatus.RETIRED


async def test_a_declared_brownout_begins_without_the_database(test_app: TestApp) -> None:
    schedule, metrics = test_app.runtime.get(LifecycleComponent).schedule, Metrics(["v901"])
    now = utc_now()
    old = replace(OLD, brownouts=(Window(now - HOUR, now + HOUR),))
    metrics.group(VersionMetrics).describe((old,))
    sync = LifecycleSync(schedule, cast("UnitOfWork", UnavailableDatabase()), (old,), metrics.group(VersionMetrics))
    with pytest.raises(Unavailable):
        await sync.refresh()
    assert schedule.status(old, now) is VersionStatus.BROWNOUT
    assert 'api_version_browned_out{api_version="v901"} 1.0' in generate_latest(metrics.registry).decode()


class FailsTwice:
    """A task that raises two different errors and then succeeds."""

    def __init__(self, settings: LifecycleSettings) -> None:
        self.failures: list[Exception] = [Unavailable(), ValueError("a defect")]
        self.settings = settings
        self.done = asyncio.Event()

    async def refresh(self) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.done.set()


class SilentDatabase:
    """A database whose transactions wait for ever."""

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Any]:
        await asyncio.Event().wait()
        yield


async def stop_with(database: object) -> list[tuple[str, str]]:
    """The log lines of tasks that end with usage which this database does not store."""
    usage = UsageBuffer(lambda: None)
    sync = FailsTwice(LifecycleSettings(refresh=3600, usage_flush=3600))
    sync.failures = []
    with capture_logs() as lines:
        async with asyncio.timeout(PATIENCE):
            async with lifecycle_sync_running(
                cast("LifecycleSync", sync), partial(usage.flush, cast("UnitOfWork", database)), sync.settings
            ):
                assert sync.done.is_set(), "a process decides with what it has read, so it reads before it serves"
                usage.record("v901", "posts.list", "", None, utc_now())
    return [(line["event"], line["log_level"]) for line in lines]


async def test_usage_is_written_while_a_process_serves(concurrent_app: TestApp) -> None:
    usage = UsageBuffer(lambda: None)
    sync = FailsTwice(LifecycleSettings(refresh=3600, usage_flush=0.01))
    sync.failures = []

    async def written() -> bool:
        return [one.consumer for one in await consumers(concurrent_app)] == [ANONYMOUS]

    async with lifecycle_sync_running(
        cast("LifecycleSync", sync), partial(usage.flush, concurrent_app.runtime.database), sync.settings
    ):
        usage.record(OLD.name, "posts.list", "", None, utc_now())
        await eventually(written)


async def test_a_flush_that_is_cancelled_keeps_the_counts(test_app: TestApp) -> None:
    """The task of a process that ends is cancelled; the last flush writes what it did not."""
    usage = UsageBuffer(lambda: None)
    usage.record(OLD.name, "posts.list", "", None, utc_now())
    task = asyncio.create_task(usage.flush(cast("UnitOfWork", SilentDatabase())))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await usage.flush(test_app.runtime.database)
    assert [one.total.requests for one in await consumers(test_app)] == [1]


async def test_decisions_are_read_by_version_in_the_order_of_their_start(test_app: TestApp) -> None:
    now = utc_now()
    windows = [Window(now + hours * HOUR, now + (hours + 1) * HOUR) for hours in (5, 1, 3)]
    other = replace(OLD, name="v0")
    async with test_app.runtime.database.write() as session:
        for window in windows:
            await LifecycleService(session).schedule(OLD, window)
        await LifecycleService(session).schedule(other, windows[0])
        await LifecycleService(session).retire(other, RetirementPolicy(), AFTER_SUNSET)
    queries = DecisionQueries(test_app.runtime.database.reads)
    assert await queries.windows() == {OLD.name: sorted(windows), "v0": [windows[0]]}
    assert await queries.retirements() == {"v0": AFTER_SUNSET}


async def test_usage_that_cannot_be_written_at_the_end_is_logged() -> None:
    assert await stop_with(UnavailableDatabase()) == [("usage_not_written", "warning")]


async def test_a_database_that_does_not_reply_delays_the_end_by_a_few_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    assert HttpSettings().shutdown_timeout > kit_background._LAST_RUN_SECONDS > 0
    monkeypatch.setattr(kit_background, "_LAST_RUN_SECONDS", 0.05)
    assert await stop_with(SilentDatabase()) == []


async def test_tasks_continue_after_errors_and_flush_at_the_end(test_app: TestApp) -> None:
    """The last flush runs at the end of the block."""
    looking = FailsTwice(LifecycleSettings(refresh=0.01, usage_flush=3600))
    usage = UsageBuffer(lambda: None)
    with capture_logs() as lines:
        async with lifecycle_sync_running(
            cast("LifecycleSync", looking), partial(usage.flush, test_app.runtime.database), looking.settings
        ):
            usage.record("v901", "posts.list", "", None, utc_now())
            async with asyncio.timeout(PATIENCE):
                await looking.done.wait()
            assert await consumers(test_app) == []
    assert [(line["event"], line["log_level"]) for line in lines] == [
        ("versions_not_looked_up", "warning"),
        ("versions_not_looked_up", "error"),
    ]
    assert [one.consumer for one in await consumers(test_app)] == [ANONYMOUS]
