"""Deliveries that end without a request: their version was retired, or their event was deleted."""

from datetime import timedelta

import pytest

from app.events.stored import StoredEvent
from app.kit.clock import utc_now
from tests.app.webhooks.test_deliveries import prepared, publish, user
from tests.support.app import TestApp
from tests.support.receiver import Receiver
from tests.support.webhooks import URL, Deliveries, create_endpoint
from tests.support.wire import WIRE
from versions.registry import VERSIONS

ENDINGS = "SELECT status, reason, attempt, finished_at IS NOT NULL FROM deliveries ORDER BY id"
OLDEST = VERSIONS[0].name
RETIRE = "INSERT INTO version_retirements (api_version, retired_at) VALUES ('{}', now() - interval '1 minute')"


async def test_deliveries_in_a_retired_version_are_skipped(concurrent_app: TestApp) -> None:
    deliveries = Deliveries(concurrent_app)
    ada, headers = await user(concurrent_app, "ada")
    async with Receiver().serving() as receiver:
        await create_endpoint(concurrent_app, ada, receiver.url, ("post.created",), OLDEST)
        await deliveries.begin()
        await publish(concurrent_app, headers)
        await deliveries.write()
        await deliveries.execute(RETIRE.format(OLDEST))
        await publish(concurrent_app, headers)
        await deliveries.write()
        await deliveries.attempt()
    assert receiver.received == []
    skipped = ("skipped", "version_retired")
    assert await deliveries.rows(ENDINGS) == [(*skipped, 1, True), (*skipped, 0, True)]
    assert await deliveries.rows("SELECT state, failures FROM webhook_endpoints") == [("active", 0)]


async def test_a_declared_retirement_counts_from_its_time_on(concurrent_app: TestApp) -> None:
    deliveries = Deliveries(concurrent_app)
    ada, headers = await user(concurrent_app, "ada")
    now, found = utc_now(), []
    for offset in (timedelta(hours=1), timedelta(hours=-1)):
        await create_endpoint(concurrent_app, ada, events=("post.created",), version=OLDEST)
        await deliveries.begin()
        await publish(concurrent_app, headers)
        deliveries.retire({OLDEST: now + offset})
        await deliveries.write()
        found.append(await deliveries.rows("SELECT status, reason FROM deliveries"))
        await deliveries.execute("DELETE FROM webhook_endpoints")
    assert found == [[("pending", None)], [("skipped", "version_retired")]]


@pytest.mark.parametrize("hours", [1, -1])
async def test_a_delivery_that_was_written_before_a_declared_retirement_is_skipped_after_it(
    concurrent_app: TestApp, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    async with Receiver().serving() as receiver:
        deliveries = await prepared(concurrent_app, receiver.url)
        monkeypatch.setattr(deliveries.loop, "_retirements", {WIRE: utc_now() + timedelta(hours=hours)})
        await deliveries.attempt()
    found = await deliveries.rows("SELECT status, reason FROM deliveries")
    assert found == [("succeeded", None) if hours > 0 else ("skipped", "version_retired")]


async def test_a_delivery_of_a_deleted_event_fails_at_once_and_is_no_failure_of_its_endpoint(
    concurrent_app: TestApp,
) -> None:
    async with Receiver().serving() as receiver:
        deliveries = await prepared(concurrent_app, receiver.url)
        await deliveries.execute("DELETE FROM events WHERE type = 'post.created'")
        await deliveries.attempt()
    assert receiver.received == []
    assert await deliveries.rows(ENDINGS) == [("failed", "event_deleted", 1, True)]
    assert await deliveries.rows("SELECT count(*) FROM delivery_attempts") == [(0,)]
    assert await deliveries.rows("SELECT state, failures FROM webhook_endpoints") == [("active", 0)]


class Broken:
    """A version with a defect."""

    def render(self, event: StoredEvent) -> bytes:
        raise KeyError(event.type)


async def test_a_delivery_that_its_version_cannot_render_fails_at_once_and_is_no_failure_of_its_endpoint(
    concurrent_app: TestApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Receiver().serving() as receiver:
        deliveries = await prepared(concurrent_app, receiver.url)
        monkeypatch.setattr(deliveries.loop, "_renderers", {WIRE: Broken()})
        await deliveries.attempt()
    assert receiver.received == []
    assert await deliveries.rows(ENDINGS) == [("failed", "event_not_rendered", 1, True)]
    assert await deliveries.rows("SELECT state, failures FROM webhook_endpoints") == [("active", 0)]


async def test_a_delivery_in_a_version_that_this_release_does_not_have_is_skipped(
    concurrent_app: TestApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliveries = await prepared(concurrent_app, URL)
    monkeypatch.setattr(deliveries.loop, "_renderers", {})
    await deliveries.attempt()
    assert await deliveries.rows(ENDINGS) == [("skipped", "version_retired", 1, True)]
