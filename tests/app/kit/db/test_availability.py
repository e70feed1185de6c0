"""The observed availability: what is logged, how often is asked, and what holds after the end."""

import asyncio
import time
from typing import Any

import pytest
from structlog.testing import capture_logs

from app.errors import Unavailable
from app.kit.db import availability
from app.kit.db.availability import Availability
from app.kit.db.database import Database
from app.kit.db.instrumentation import NullDatabaseMetrics
from app.settings.database import DatabaseSettings
from tests.support.postgres import clone, end_sessions
from tests.support.waiting import eventually

PATIENCE = 60
NOWHERE = "postgresql://strata@/strata?host=/no/such/folder"


class Observed(NullDatabaseMetrics):
    def __init__(self) -> None:
        self.found: list[bool] = []

    def availability(self, *, available: bool) -> None:
        self.found.append(available)


async def test_a_closed_database_is_unavailable(database_dsn: str) -> None:
    database = await Database.open(database_dsn, DatabaseSettings(connect_timeout=11))
    assert database._availability._arguments == {
        "timeout": 11,
        "server_settings": {"application_name": "strata probe"},
    }
    await database.ping()
    await database.close()
    with pytest.raises(Unavailable):
        await database.ping()


async def test_an_outage_is_logged_when_it_begins_and_a_defect_with_its_traceback() -> None:
    for dsn, events in (
        (NOWHERE, ["database_unavailable"]),
        ("postgresql://strata@[/x", ["database_probe_failed", "database_unavailable"]),
    ):
        probe = Availability(dsn, {"timeout": 5}, metrics := Observed())
        with capture_logs() as lines:
            async with probe.observing():
                assert await probe.check() is False
        assert ([line["event"] for line in lines], metrics.found) == (events, [False])


async def test_after_a_loss_the_database_is_asked_once_and_then_at_its_intervals(
    admin_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(availability, "INTERVAL", 10 * PATIENCE)
    dsn = await clone(admin_dsn, "observed")
    probe = Availability(dsn, {"timeout": PATIENCE}, metrics := Observed())
    async with probe.observing():
        assert metrics.found == [True]
        await end_sessions(dsn)

        async def asked_again() -> bool:
            return len(metrics.found) > 1

        await eventually(asked_again)
        await asyncio.sleep(0.3)
        assert len(metrics.found) == 2


class Silent:
    """A connection whose replies never arrive."""

    terminated = False

    def is_closed(self) -> bool:
        return False

    async def execute(self, _statement: str) -> None:
        await asyncio.sleep(10 * PATIENCE)

    def terminate(self) -> None:
        self.terminated = True


async def test_a_connection_without_a_reply_is_replaced(database_dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(availability, "_REPLY_SECONDS", 0.05)
    monkeypatch.setattr(availability, "_GRACE_SECONDS", 0.05)
    probe = Availability(database_dsn, {"timeout": PATIENCE}, NullDatabaseMetrics())
    silent: Any = Silent()
    probe._connection = silent
    with capture_logs() as lines:
        assert await probe.check() is False
    assert silent.terminated
    assert lines == [], "a missing reply is an outage, and no defect"
    monkeypatch.undo()
    assert await probe.check() is True
    probe.close()


async def test_a_reply_that_waits_for_a_busy_process_counts(database_dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a stall of the event loop the timer is due, and so is the reply."""
    probe = Availability(database_dsn, {"timeout": PATIENCE}, NullDatabaseMetrics())
    assert await probe.check() is True
    monkeypatch.setattr(availability, "_REPLY_SECONDS", 0.2)
    monkeypatch.setattr(availability, "_GRACE_SECONDS", PATIENCE)
    found = asyncio.create_task(probe.check())
    while not any(task.get_name() != found.get_name() and "_request" in str(task) for task in asyncio.all_tasks()):  # noqa: ASYNC110 - until the statement was sent
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    time.sleep(0.5)  # noqa: ASYNC251 - the stall
    assert await found is True
    probe.close()


class Late(Silent):
    """A connection that replies after the time limit, and before the end of the grace period."""

    async def execute(self, _statement: str) -> None:
        await asyncio.sleep(0.3)


async def test_a_reply_within_the_grace_period_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    assert 0 < availability._GRACE_SECONDS + availability._REPLY_SECONDS + availability.INTERVAL < 2
    monkeypatch.setattr(availability, "_REPLY_SECONDS", 0.01)
    monkeypatch.setattr(availability, "_GRACE_SECONDS", PATIENCE)
    probe = Availability(NOWHERE, {"timeout": PATIENCE}, NullDatabaseMetrics())
    late: Any = Late()
    probe._connection = late
    assert await probe.check() is True
    assert not late.terminated


async def test_the_connection_ends_with_the_observation(database_dsn: str) -> None:
    probe = Availability(database_dsn, {"timeout": PATIENCE}, NullDatabaseMetrics())
    async with probe.observing():
        connection = probe._connection
        assert connection is not None
        assert not connection.is_closed()
    assert connection.is_closed()
    assert probe._connection is None
