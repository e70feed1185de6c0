"""Deliveries in v2: their order, filters and attempts."""

from collections.abc import Sequence

import httpx2

from tests.app.webhooks.test_deliveries import publish, user
from tests.support.app import TestApp
from tests.support.receiver import Receiver, responding
from tests.support.webhooks import Deliveries, create_endpoint
from versions.kit.typeid import encode

ENDPOINTS = "/api/v2/webhook-endpoints"


def events_of(response: httpx2.Response) -> Sequence[str]:
    """The ids of the events of listed deliveries."""
    assert response.status_code == 200, response.text
    return [one["event_id"] for one in response.json()["data"]]


async def test_deliveries_are_listed_as_events_are(concurrent_app: TestApp) -> None:
    deliveries = Deliveries(concurrent_app)
    ada, headers = await user(concurrent_app, "ada")
    async with Receiver().serving() as receiver, concurrent_app.client(headers) as client:
        view, _ = await create_endpoint(concurrent_app, ada, receiver.url, ("post.created", "post.published"))
        await deliveries.begin()
        for status in ("published", "draft"):
            await publish(concurrent_app, headers, status)
        await deliveries.write()
        await deliveries.attempt()
        path = f"{ENDPOINTS}/{encode('wh', view.uid)}/deliveries"
        events = (await client.get("/api/v2/events", params={"types": "post.created,post.published"})).json()["data"]
        ids = [one["id"] for one in events]
        assert len(ids) == 3
        first = await client.get(path, params={"limit": 2})
        assert events_of(first) == ids[:2]
        rest = await client.get(path, params={"limit": 2, "cursor": first.json()["next_cursor"]})
        assert (events_of(rest), rest.json()["has_more"]) == (ids[2:], False)
        assert events_of(await client.get(path, params={"after": ids[0]})) == ids[1:]
        published = [one["id"] for one in events if one["type"] == "post.published"]
        assert events_of(await client.get(path, params={"types": "post.published"})) == published
        assert events_of(await client.get(path, params={"status": "succeeded"})) == ids
        assert events_of(await client.get(path, params={"status": "failed"})) == []
        # A redelivery has the place of its event.
        last = (await client.get(path)).json()["data"][0]
        await client.post(f"/api/v2/deliveries/{last['id']}/redeliver")
        assert events_of(await client.get(path)) == [ids[0], *ids]
        assert events_of(await client.get(path, params={"after": ids[0]})) == ids[1:]


async def test_a_delivery_shows_its_attempts(concurrent_app: TestApp) -> None:
    deliveries = Deliveries(concurrent_app)
    ada, headers = await user(concurrent_app, "ada")
    async with (
        Receiver(responding("500 Internal Server Error", b"no")).serving() as receiver,
        concurrent_app.client(headers) as client,
    ):
        view, _ = await create_endpoint(concurrent_app, ada, receiver.url, ("post.created",))
        await deliveries.begin()
        await publish(concurrent_app, headers)
        await deliveries.write()
        await deliveries.attempt()
        path = f"{ENDPOINTS}/{encode('wh', view.uid)}/deliveries"
        [listed] = (await client.get(path)).json()["data"]
        shown = await client.get(f"/api/v2/deliveries/{listed['id']}")
        [attempt] = shown.json().pop("attempts")
        assert (listed["status"], listed["attempt_count"], listed["finished_at"]) == ("pending", 1, None)
        assert listed["next_attempt_at"] > listed["first_attempt_at"]
        assert (attempt["number"], attempt["status"], attempt["error"], attempt["response"]) == (1, 500, None, "no")
        assert attempt["trace_id"] == receiver.received[0].headers["traceparent"].split("-")[1]
        tag = {"If-None-Match": shown.headers["ETag"]}
        assert (await client.get(f"/api/v2/deliveries/{listed['id']}", headers=tag)).status_code == 304
        receiver.respond = responding("200 OK")
        await deliveries.attempt(at_once=True)
        changed = await client.get(f"/api/v2/deliveries/{listed['id']}", headers=tag)
    assert changed.json()["status"] == "succeeded"
    assert changed.json()["next_attempt_at"] is None
    assert [one["status"] for one in changed.json()["attempts"]] == [500, 200]
