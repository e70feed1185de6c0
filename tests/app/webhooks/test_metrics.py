"""The metrics of webhooks are true."""

from datetime import timedelta
from typing import cast

import pytest
from prometheus_client import CollectorRegistry

from app.kit.background import tasks_running
from app.kit.clock import utc_now
from app.kit.db.sessions import ReadSession
from app.webhooks import backlog
from app.webhooks.backlog import WebhookBacklog
from app.webhooks.metrics import OUTCOMES, STATES, EndpointMetrics, WebhookMetrics
from app.webhooks.repository import DeliveryRepository
from app.webhooks.views import Outcome
from observability.metrics.metrics import Metrics
from tests.app.webhooks.test_deliveries import prepared, publish, user
from tests.support.app import TestApp
from tests.support.background import logged_by_outage
from tests.support.receiver import Receiver, responding
from tests.support.webhooks import RENDERERS, URL, Deliveries, create_endpoint
from tests.support.wire import WIRE

ATTEMPTS, HOUR = "webhook_attempts_total", 3600
DUE, AGE = "webhook_deliveries_due", "webhook_delivery_age_seconds"


def attempts(registry: CollectorRegistry) -> dict[str, float | None]:
    """Those that are not 0."""
    found = {outcome: registry.get_sample_value(ATTEMPTS, {"outcome": outcome}) for outcome in OUTCOMES}
    return {outcome: value for outcome, value in found.items() if value != 0}


async def measured(app: TestApp, metrics: Metrics | None = None) -> CollectorRegistry:
    metrics = metrics or Metrics()
    await WebhookBacklog(app.runtime.database.reads, metrics.group(EndpointMetrics)).update()
    return metrics.registry


@pytest.mark.parametrize(
    ("outcome", "label"),
    [
        (Outcome(1, 204), "succeeded"),
        (Outcome(1, 302), "rejected"),
        (Outcome(1, 500), "rejected"),
        *((Outcome(1, error=reason), reason) for reason in ("timeout", "unreachable", "unresolved", "tls")),
        (Outcome(1, error="forbidden_address"), "forbidden_address"),
        (Outcome(1, error="bad_url"), "not_sent"),
        (Outcome(1, error="unreadable_secret"), "not_sent"),
    ],
)
def test_an_attempt_counts_once(outcome: Outcome, label: str) -> None:
    metrics = Metrics()
    counted = metrics.group(WebhookMetrics)
    assert attempts(metrics.registry) == {}, "every series starts at 0"
    counted.count(outcome)
    assert attempts(metrics.registry) == {label: 1}


async def test_a_worker_counts_what_it_sends(concurrent_app: TestApp) -> None:
    async with Receiver(responding("500 Internal Server Error")).serving() as receiver:
        deliveries = await prepared(concurrent_app, receiver.url)
        await deliveries.attempt()
        receiver.respond = responding("200 OK")
        await deliveries.attempt(at_once=True)
    registry = deliveries.measured.registry
    assert attempts(registry) == {"succeeded": 1, "rejected": 1}
    assert registry.get_sample_value("webhook_attempt_duration_seconds_count") == 2
    ages = {one: registry.get_sample_value(f"{AGE}_count", {"api_version": one}) for one in RENDERERS}
    assert ages == dict.fromkeys(RENDERERS, 0) | {WIRE: 1}, "the first attempt only, and every version starts at 0"


async def test_the_clock_of_a_delivery_that_is_ahead_gives_no_negative_age(concurrent_app: TestApp) -> None:
    async with Receiver().serving() as receiver:
        deliveries = await prepared(concurrent_app, receiver.url)
        await deliveries.execute("UPDATE deliveries SET created_at = created_at + interval '1 hour'")
        await deliveries.attempt()
    assert deliveries.measured.registry.get_sample_value(f"{AGE}_sum", {"api_version": WIRE}) == 0


def test_durations_are_in_seconds() -> None:
    metrics = Metrics()
    metrics.group(WebhookMetrics).count(Outcome(250, 204))
    assert metrics.registry.get_sample_value("webhook_attempt_duration_seconds_sum") == 0.25


async def test_endpoints_have_one_state_each(concurrent_app: TestApp) -> None:
    ada, _ = await user(concurrent_app, "ada")
    registry = await measured(concurrent_app)
    assert [registry.get_sample_value("webhook_endpoints", {"state": state}) for state in STATES] == [0, 0, 0, 0]
    for number in range(10):
        await create_endpoint(concurrent_app, ada, f"https://127.0.0.1:8443/{number}")
    deliveries = Deliveries(concurrent_app)
    disabled = "UPDATE webhook_endpoints SET state = 'disabled', disabled_reason = '{}' WHERE url LIKE '%/{}'"
    await deliveries.execute("UPDATE webhook_endpoints SET failures = 3")
    for statement in (
        "UPDATE webhook_endpoints SET failures = 4 WHERE url SIMILAR TO '%/[0-2]'",
        disabled.format("gone", 3),
        disabled.format("failing", 4),
        disabled.format("by_owner", 5),
    ):
        await deliveries.execute(statement)
    registry = await measured(concurrent_app)
    assert [registry.get_sample_value("webhook_endpoints", {"state": state}) for state in STATES] == [4, 3, 2, 1]


async def test_what_has_ended_is_measured_no_longer(concurrent_app: TestApp) -> None:
    """Not only by a process that starts afterwards."""
    deliveries, metrics = await prepared(concurrent_app, URL), Metrics()
    await deliveries.execute("UPDATE deliveries SET next_at = now() - interval '1 hour'")
    names = (DUE, "webhook_deliveries_oldest_seconds", "webhook_endpoints")
    labels: tuple[dict[str, str], ...] = ({}, {}, {"state": "active"})

    async def values() -> list[float | None]:
        registry = await measured(concurrent_app, metrics)
        return [registry.get_sample_value(*series) for series in zip(names, labels, strict=True)]

    assert all(await values())
    await deliveries.execute("DELETE FROM webhook_endpoints")
    assert await values() == [0, 0, 0]


async def test_what_waits_for_its_own_receiver_is_not_late(concurrent_app: TestApp) -> None:
    deliveries = Deliveries(concurrent_app)
    ada, headers = await user(concurrent_app, "ada")

    async def waiting() -> tuple[float | None, float | None]:
        """The number of due deliveries, and the hours since the oldest became due."""
        registry = await measured(concurrent_app)
        oldest = registry.get_sample_value("webhook_deliveries_oldest_seconds")
        return registry.get_sample_value(DUE), None if oldest is None else oldest // HOUR

    assert await waiting() == (0, 0)
    await create_endpoint(concurrent_app, ada, events=("post.created",))
    await deliveries.begin()
    for _ in range(3):
        await publish(concurrent_app, headers)
    await deliveries.write()
    await deliveries.execute("UPDATE deliveries SET next_at = now() - interval '2 hours'")
    assert await waiting() == (3, 2)
    now = utc_now()
    async with concurrent_app.runtime.database.write() as session:
        await DeliveryRepository(session).claim(1, 4, now, now + timedelta(seconds=30))
    assert await waiting() == (2, 0), "a worker is sending to the endpoint"
    await deliveries.execute("UPDATE deliveries SET next_at = now() - interval '1 hours' WHERE status = 'sending'")
    assert await waiting() == (3, 2), "its worker ended"


async def test_the_measurement_continues_after_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    assert backlog._SECONDS <= 5, "an alert on a value needs it twice a minute"
    monkeypatch.setattr(backlog, "_SECONDS", 0.001)
    found = WebhookBacklog(cast("ReadSession", None), Metrics().group(EndpointMetrics))
    logged = await logged_by_outage(monkeypatch, found, "update", lambda: tasks_running(found.run()))
    assert logged == {("webhooks_not_measured", "warning")}
