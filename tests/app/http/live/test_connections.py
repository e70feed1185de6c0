"""The places of open connections, and the end of those of a version that ends."""

from datetime import UTC, datetime, timedelta

import pytest

from app.http.live.connections import ConnectionsExhausted, LiveConnections, Place, TooManyConnections
from app.http.live.metrics import RealtimeMetrics
from app.lifecycle.schedule import Schedule
from app.lifecycle.version import Window
from app.settings.realtime import RealtimeSettings
from observability.metrics.metrics import Metrics
from tests.support.registries import DEPRECATED

NOW = datetime(2027, 1, 1, tzinfo=UTC)
VERSION = DEPRECATED[0]


class Connection:
    """Records how it was closed."""

    def __init__(self) -> None:
        self.ending: tuple[int, str] | None = None

    def close(self, code: int, reason: str) -> None:
        self.ending = code, reason


def connections(schedule: Schedule | None = None, **limits: int) -> tuple[LiveConnections, Metrics]:
    metrics = Metrics()
    settings = RealtimeSettings(**limits)  # type: ignore[arg-type]  # all are numbers
    return LiveConnections(settings, metrics.group(RealtimeMetrics), schedule or Schedule()), metrics


def open_now(metrics: Metrics) -> float | None:
    return metrics.registry.get_sample_value("realtime_connections", {"api_version": "v2", "channel": "ws"})


def rejected(metrics: Metrics, limit: str) -> float | None:
    return metrics.registry.get_sample_value("realtime_rejected_connections_total", {"limit": limit})


def place(caller: str = "ada") -> Place:
    return Place("v2", "ws", caller, None)


def test_a_process_has_a_limit() -> None:
    live, metrics = connections(max_connections=1)
    with live.held(Connection(), place()):
        assert open_now(metrics) == 1
        with pytest.raises(ConnectionsExhausted), live.held(Connection(), place("bob")):
            raise AssertionError
    assert open_now(metrics) == 0
    assert rejected(metrics, "process") == 1
    with live.held(Connection(), place("bob")):
        assert len(live) == 1


def test_a_caller_has_a_limit_of_its_own() -> None:
    live, metrics = connections(max_connections_per_caller=1)
    with live.held(Connection(), place()), live.held(Connection(), place("bob")):
        with pytest.raises(TooManyConnections), live.held(Connection(), place()):
            raise AssertionError
        assert len(live) == 2
    assert rejected(metrics, "caller") == 1
    with live.held(Connection(), place()):
        pass


async def test_a_retirement_closes_the_connections_of_its_version_at_its_moment() -> None:
    schedule = Schedule()
    live, _ = connections(schedule)
    old, new = Connection(), Connection()
    schedule.replace({}, {VERSION.name: NOW})
    with live.held(old, Place(VERSION.name, "ws", "ada", VERSION)), live.held(new, place()):
        await live.close_ended(NOW - timedelta(microseconds=1))
        assert old.ending is None
        await live.close_ended(NOW)
        assert old.ending == (4410, "version_retired")
        assert new.ending is None


async def test_a_brownout_closes_them_too() -> None:
    schedule = Schedule()
    live, _ = connections(schedule)
    connection = Connection()
    schedule.replace({VERSION.name: [Window(NOW, NOW + timedelta(hours=1))]}, {})
    with live.held(connection, Place(VERSION.name, "ws", "ada", VERSION)):
        await live.close_ended(NOW)
        assert connection.ending == (1013, "version_browned_out")
