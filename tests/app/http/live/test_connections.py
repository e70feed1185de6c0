"""The places of open connections, and the end of those whose version, session or process ends."""

import signal
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from app.access.principal import Principal
from app.events.stored import StoredEvent
from app.http.live.connections import ConnectionsExhausted, LiveConnections, Place, TooManyConnections
from app.http.live.metrics import CHANNELS, RealtimeMetrics
from app.kit.clock import utc_now
from app.lifecycle.schedule import Schedule
from app.lifecycle.version import VersionLifecycle, VersionStatus, Window
from app.plans.catalogue import PlanCatalogue
from app.settings.realtime import RealtimeSettings
from observability.metrics.metrics import Metrics
from tests.support.limits import FREE
from tests.support.waiting import PATIENCE, eventually

NOW = datetime(2027, 1, 1, tzinfo=UTC)
VERSION = VersionLifecycle(name="v0", status=VersionStatus.DEPRECATED, released=NOW.date())


class Connection:
    """Records how it was closed."""

    def __init__(self) -> None:
        self.ending: tuple[int, str] | None = None

    def close(self, code: int, reason: str) -> None:
        self.ending = code, reason


def connections(schedule: Schedule | None = None, **limits: int) -> tuple[LiveConnections, Metrics]:
    metrics = Metrics()
    settings = RealtimeSettings(**limits)
    return LiveConnections(settings, PlanCatalogue(), metrics.group(RealtimeMetrics), schedule or Schedule()), metrics


def open_now(metrics: Metrics) -> float | None:
    return metrics.registry.get_sample_value("realtime_connections", {"api_version": "v2", "channel": "ws"})


def rejected(metrics: Metrics, limit: str) -> float | None:
    return metrics.registry.get_sample_value("realtime_rejected_connections_total", {"limit": limit})


ADA, BOB = uuid4(), uuid4()


def principal(user: UUID = ADA, session: UUID | None = None, key: UUID | None = None) -> Principal:
    return Principal(1, user, (), frozenset(), session_uid=session, key_uid=key)


def place(user: UUID = ADA, session: UUID | None = None, key: UUID | None = None) -> Place:
    return Place("v2", "ws", principal(user, session, key), None)


def test_a_process_has_a_limit() -> None:
    live, metrics = connections(max_connections=1)
    with live.held(Connection(), place()):
        assert open_now(metrics) == 1
        with pytest.raises(ConnectionsExhausted), live.held(Connection(), place(BOB)):
            raise AssertionError
    assert open_now(metrics) == 0
    assert rejected(metrics, "process") == 1
    with live.held(Connection(), place(BOB)):
        assert len(live) == 1


def test_a_caller_has_a_limit_of_its_own() -> None:
    live, metrics = connections()
    with ExitStack() as stack:
        for user in (BOB, *[ADA] * FREE.caps.streams):
            stack.enter_context(live.held(Connection(), place(user)))
        with pytest.raises(TooManyConnections) as rejected_with, live.held(Connection(), place()):
            raise AssertionError
        assert rejected_with.value.context == {"policy": "streams"}, "members of v2's problem"
        assert len(live) == FREE.caps.streams + 1
    assert rejected(metrics, "caller") == 1
    with live.held(Connection(), place()):
        pass


async def test_a_retirement_closes_the_connections_of_its_version_at_its_moment() -> None:
    schedule = Schedule()
    live, _ = connections(schedule)
    old, new = Connection(), Connection()
    schedule.replace({}, {VERSION.name: NOW})
    with live.held(old, Place(VERSION.name, "ws", principal(), VERSION)), live.held(new, place()):
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
    with live.held(connection, Place(VERSION.name, "ws", principal(), VERSION)):
        await live.close_ended(NOW)
        assert connection.ending == (1013, "version_browned_out")


def event(kind: str, subject: UUID, payload: Mapping[str, object] | None = None) -> StoredEvent:
    return StoredEvent(
        id=1,
        uid=uuid4(),
        position=1,
        type=kind,
        schema=1,
        subject_uid=subject,
        subject_id=None,
        owner_uid=None,
        counterparty_uid=None,
        actor_uid=None,
        audience="owner",
        payload=payload or {},
        occurred_at=NOW,
        traceparent=None,
        request_id=None,
    )


SESSION, KEY = uuid4(), uuid4()
ENDED = (4401, "authorization_ended")


@pytest.mark.parametrize(
    ("happened", "ended"),
    [
        (event("session.revoked", SESSION), {"session"}),
        (event("api_key.revoked", KEY), {"key"}),
        (event("user.deleted", ADA), {"session", "key"}),
        (event("user.password_reset", ADA), {"session", "key"}),
        (event("user.roles_changed", ADA), {"session", "key"}),
        (event("user.updated", ADA, {"changed": ["is_active"]}), {"session", "key"}),
        (event("user.updated", ADA, {"changed": ["display_name", "password"]}), {"session", "key"}),
        (event("user.updated", ADA, {"changed": ["email"]}), {"session", "key"}),
        (event("user.updated", ADA, {"changed": ["display_name"]}), set()),
        (event("post.created", ADA), set()),
    ],
    ids=lambda value: value.type if isinstance(value, StoredEvent) else None,
)
def test_the_end_of_a_session_or_key_closes_its_connections_only(happened: StoredEvent, ended: set[str]) -> None:
    live, _ = connections()
    opened = {"session": Connection(), "key": Connection(), "other": Connection()}
    with (
        live.held(opened["session"], place(ADA, session=SESSION)),
        live.held(opened["key"], place(ADA, key=KEY)),
        live.held(opened["other"], place(BOB, session=uuid4())),
    ):
        live.on_event(happened)
        assert {name for name, connection in opened.items() if connection.ending == ENDED} == ended


async def test_a_signal_to_stop_closes_all_connections_and_calls_the_handler_that_was_there() -> None:
    received: list[int] = []
    previous = signal.signal(signal.SIGTERM, lambda number, _frame: received.append(number))
    try:
        live, metrics = connections()
        connection = Connection()

        async def closed() -> bool:
            return connection.ending is not None

        async with live.running():
            with live.held(connection, place()):
                signal.raise_signal(signal.SIGTERM)
                await eventually(closed)
                assert connection.ending == (1012, "service_restart")
                with pytest.raises(ConnectionsExhausted):
                    live.ensure_free(principal(BOB))
        assert received == [signal.SIGTERM]
        assert rejected(metrics, "draining") == 1
        signal.raise_signal(signal.SIGTERM)
        assert received == [signal.SIGTERM, signal.SIGTERM]
    finally:
        signal.signal(signal.SIGTERM, previous)


async def test_a_process_without_connections_to_give_adds_nothing_to_the_limit() -> None:
    """Its series remains after its end, and the dashboard adds those of all processes."""
    live, metrics = connections(max_connections=7)
    async with live.running():
        assert metrics.registry.get_sample_value("realtime_connections_limit") == 7
    assert metrics.registry.get_sample_value("realtime_connections_limit") == 0


def test_every_series_starts_at_zero() -> None:
    metrics = Metrics()
    metrics.group(RealtimeMetrics).start_at_zero("v2", CHANNELS)
    for channel in CHANNELS:
        labels = {"api_version": "v2", "channel": channel}
        assert metrics.registry.get_sample_value("realtime_connections", labels) == 0
    assert metrics.registry.get_sample_value("realtime_messages_total", {"api_version": "v2"}) == 0


@pytest.mark.parametrize(("ago", "seconds"), [(2.0, 2.0), (-3600.0, 0.0)], ids=["late", "of another clock"])
def test_the_delay_of_each_event_is_measured(ago: float, seconds: float) -> None:
    live, metrics = connections()
    live.on_event(replace(event("post.created", ADA), occurred_at=utc_now() - timedelta(seconds=ago)))
    found = metrics.registry.get_sample_value
    assert found("realtime_lag_seconds_count") == 1
    assert seconds <= (found("realtime_lag_seconds_sum") or 0) < seconds + PATIENCE
