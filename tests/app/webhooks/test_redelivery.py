"""Redelivery and recovery: what an endpoint has not received is delivered again, and nothing is written twice."""

from datetime import timedelta
from uuid import UUID

import pytest

from app.access.principal import Principal
from app.kit.clock import utc_now
from app.kit.db.sessions import Nudge
from app.webhooks import redelivery
from app.webhooks.commands import DeliveryFilter
from app.webhooks.delivery_reader import DeliveryReader
from app.webhooks.errors import (
    DeliveryEventDeleted,
    DeliveryNotFound,
    WebhookEndpointDisabled,
    WebhookEndpointNotFound,
)
from app.webhooks.nudges import DUE
from app.webhooks.redelivery import RedeliveryService
from tests.app.webhooks.test_deliveries import publish, user
from tests.support.app import TestApp
from tests.support.receiver import Receiver, responding
from tests.support.transactions import database_of
from tests.support.webhooks import Deliveries, create_endpoint
from versions.kit.typeid import encode
from versions.registry import VERSIONS

ENDPOINTS = "/api/v2/webhook-endpoints"
FAIL = "UPDATE deliveries SET status = 'failed', finished_at = now()"
KINDS = "SELECT kind, status, api_version FROM deliveries ORDER BY id"


async def test_a_redelivery_has_the_id_of_its_event_and_the_version_of_its_endpoint(concurrent_app: TestApp) -> None:
    deliveries = Deliveries(concurrent_app)
    ada, headers = await user(concurrent_app, "ada")
    async with Receiver().serving() as receiver, concurrent_app.client(headers) as client:
        view, _ = await create_endpoint(concurrent_app, ada, receiver.url, ("post.created",), VERSIONS[0].name)
        await deliveries.begin()
        await publish(concurrent_app, headers)
        await deliveries.write()
        await deliveries.attempt()
        path = f"{ENDPOINTS}/{encode('wh', view.uid)}"
        [listed] = (await client.get(f"{path}/deliveries")).json()["data"]
        await client.patch(path, json={"api_version": "v2"})
        again = await client.post(f"/api/v2/deliveries/{listed['id']}/redeliver")
        assert again.status_code == 202
        assert again.headers["Location"] == f"/api/v2/deliveries/{again.json()['id']}"
        await deliveries.attempt()
    first, second = receiver.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == listed["event_id"]
    old, new = (version.name for version in VERSIONS)
    for version, got in ((old, first), (new, second)):
        assert f'"api_version":"{version}"'.encode() in got.body
    assert await deliveries.rows(KINDS) == [("automatic", "succeeded", old), ("manual", "succeeded", new)]


async def test_a_recovery_delivers_what_was_skipped_or_failed_once(concurrent_app: TestApp) -> None:
    deliveries = Deliveries(concurrent_app)
    ada, headers = await user(concurrent_app, "ada")
    async with Receiver().serving() as receiver, concurrent_app.client(headers) as client:
        view, _ = await create_endpoint(concurrent_app, ada, receiver.url, ("post.created",))
        await deliveries.begin()
        path = f"{ENDPOINTS}/{encode('wh', view.uid)}"
        await publish(concurrent_app, headers)
        await deliveries.write()
        await client.patch(path, json={"state": "disabled"})
        await publish(concurrent_app, headers)
        await deliveries.write()
        reasons = await deliveries.rows("SELECT status, reason, finished_at IS NOT NULL FROM deliveries")
        assert reasons == [("skipped", "endpoint_disabled", True)] * 2, "what waited is skipped, too"
        refused = await client.post(f"{path}/recover", params={"since": "2020-01-01T00:00:00Z"})
        assert (refused.status_code, refused.json()["code"]) == (409, "webhook_endpoint_disabled")
        await client.patch(path, json={"state": "active"})
        await publish(concurrent_app, headers)
        await deliveries.write()
        await deliveries.attempt()
        assert len(receiver.received) == 1
        for recovered in (2, 0):
            found = await client.post(f"{path}/recover", params={"since": "2020-01-01T00:00:00Z"})
            assert (found.status_code, found.json()) == (202, {"recovered": recovered, "complete": True})
            await deliveries.attempt()
    assert len({got.headers["webhook-id"] for got in receiver.received}) == len(receiver.received) == 3


async def test_a_recovery_has_a_beginning_and_a_limit(concurrent_app: TestApp, monkeypatch: pytest.MonkeyPatch) -> None:
    deliveries = Deliveries(concurrent_app)
    ada, headers = await user(concurrent_app, "ada")
    async with Receiver(responding("410 Gone")).serving() as receiver:
        view, _ = await create_endpoint(concurrent_app, ada, receiver.url, ("post.created",))
        await deliveries.begin()
        await deliveries.execute("UPDATE webhook_endpoints SET state = 'disabled', disabled_reason = 'gone'")
        for _ in range(4):
            await publish(concurrent_app, headers)
        await deliveries.write()
        await deliveries.execute("UPDATE webhook_endpoints SET state = 'active', disabled_reason = NULL")
    old = (
        "UPDATE deliveries SET created_at = created_at - interval '2 days' WHERE id = (SELECT min(id) FROM deliveries)"
    )
    await deliveries.execute(old)
    monkeypatch.setattr(redelivery, "MOST", 2)
    found = []
    for _ in range(3):
        async with concurrent_app.runtime.database.write() as session:
            found.append(await RedeliveryService(session, ada).recover(view.uid, utc_now() - timedelta(days=1)))
    assert [(each.recovered, each.complete) for each in found] == [(2, False), (1, True), (0, True)]


async def failed(app: TestApp, posts: int) -> tuple[Deliveries, Principal, UUID]:
    """An endpoint whose deliveries have failed."""
    deliveries = Deliveries(app)
    ada, headers = await user(app, "ada")
    view, _ = await create_endpoint(app, ada, events=("post.created",))
    await deliveries.begin()
    for _ in range(posts):
        await publish(app, headers)
    await deliveries.write()
    await deliveries.execute(FAIL)
    return deliveries, ada, view.uid


async def redeliver(app: TestApp, caller: Principal, uid: UUID) -> None:
    async with app.runtime.database.write() as session:
        await RedeliveryService(session, caller).redeliver(uid)


async def recover(app: TestApp, caller: Principal, endpoint: UUID) -> int:
    async with app.runtime.database.write() as session:
        service = RedeliveryService(session, caller)
        return (await service.recover(endpoint, utc_now() - timedelta(days=1))).recovered


async def test_an_event_is_recovered_once_however_often_it_failed_and_not_after_its_deletion(
    concurrent_app: TestApp,
) -> None:
    deliveries, ada, endpoint = await failed(concurrent_app, 3)
    [(first,), _, (last,)] = await deliveries.rows("SELECT uid FROM deliveries ORDER BY id")
    for _ in range(2):
        await redeliver(concurrent_app, ada, first)
        await deliveries.execute(FAIL)
    await deliveries.execute("DELETE FROM events WHERE id = (SELECT max(event_id) FROM deliveries)")
    with pytest.raises(DeliveryEventDeleted):
        await redeliver(concurrent_app, ada, last)
    assert await recover(concurrent_app, ada, endpoint) == 2


@pytest.mark.parametrize(("status", "recovered"), [("pending", 0), ("sending", 0), ("succeeded", 0), ("failed", 1)])
async def test_an_event_that_is_delivered_again_already_is_not_recovered(
    concurrent_app: TestApp, status: str, recovered: int
) -> None:
    deliveries, ada, endpoint = await failed(concurrent_app, 1)
    [(uid,)] = await deliveries.rows("SELECT uid FROM deliveries")
    await redeliver(concurrent_app, ada, uid)
    await deliveries.execute(f"UPDATE deliveries SET status = '{status}' WHERE kind = 'manual'")  # noqa: S608 - of this test
    assert await recover(concurrent_app, ada, endpoint) == recovered


async def test_a_recovery_is_that_of_one_endpoint(concurrent_app: TestApp) -> None:
    deliveries, ada, first = await failed(concurrent_app, 1)
    second, _ = await create_endpoint(concurrent_app, ada, events=("post.created",))
    copied = "gen_random_uuid(), event_id, event_uid, event_type, position, api_version, status, next_at, created_at"
    names = copied.replace("gen_random_uuid()", "uid")
    await deliveries.execute(
        f"INSERT INTO deliveries (endpoint_id, {names}, finished_at)"  # noqa: S608 - of this test
        f" SELECT {second.id}, {copied}, finished_at FROM deliveries"
    )
    manual = "SELECT endpoint_id FROM deliveries WHERE kind = 'manual' ORDER BY id"
    assert await recover(concurrent_app, ada, second.uid) == 1
    assert await deliveries.rows(manual) == [(second.id,)]
    assert await recover(concurrent_app, ada, first) == 1, "what another endpoint receives again does not count"


async def test_pages_of_deliveries_are_in_the_order_of_events(concurrent_app: TestApp) -> None:
    """A redelivery has the place of its event, although it is newer than the deliveries of later events."""
    deliveries, ada, endpoint = await failed(concurrent_app, 3)
    (first, event), (_, second), (_, third) = await deliveries.rows(
        "SELECT uid, event_uid FROM deliveries ORDER BY position"
    )
    for _ in range(2):
        await redeliver(concurrent_app, ada, first)
    reader = DeliveryReader(concurrent_app.runtime.database.reads, ada)
    found, after = list[UUID](), None
    for _ in range(5):
        page = await reader.page(endpoint, DeliveryFilter(), after, 1)
        found += [one.event_uid for one in page.items]
        after = page.next_position
    assert (found, after) == ([event, event, event, second, third], None)
    later = await reader.page(endpoint, DeliveryFilter(after=event), None, 9)
    assert [one.event_uid for one in later.items] == [second, third], "after all deliveries of the event"


async def test_a_disabled_endpoint_and_that_of_another_user_are_sent_nothing_again(concurrent_app: TestApp) -> None:
    deliveries, ada, endpoint = await failed(concurrent_app, 1)
    bob, _ = await user(concurrent_app, "bob")
    [(uid,)] = await deliveries.rows("SELECT uid FROM deliveries")
    with pytest.raises(DeliveryNotFound):
        await redeliver(concurrent_app, bob, uid)
    with pytest.raises(WebhookEndpointNotFound):
        await recover(concurrent_app, bob, endpoint)
    await deliveries.execute("UPDATE webhook_endpoints SET state = 'disabled', disabled_reason = 'gone'")
    for act, reference in ((redeliver, uid), (recover, endpoint)):
        with pytest.raises(WebhookEndpointDisabled):
            await act(concurrent_app, ada, reference)
    assert await deliveries.rows("SELECT count(*) FROM deliveries") == [(1,)]


async def test_what_is_delivered_again_wakes_the_workers(
    concurrent_app: TestApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliveries, ada, endpoint = await failed(concurrent_app, 1)
    [(uid,)] = await deliveries.rows("SELECT uid FROM deliveries")
    sent: list[Nudge] = []
    monkeypatch.setattr(database_of(concurrent_app)._notifier, "send", sent.extend)
    assert await recover(concurrent_app, ada, endpoint) == 1
    assert sent == [DUE]
    assert await recover(concurrent_app, ada, endpoint) == 0
    assert sent == [DUE], "nothing is due"
    await redeliver(concurrent_app, ada, uid)
    assert sent == [DUE, DUE]
