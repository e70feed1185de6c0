"""An event that a version cannot render stops nothing: it is logged once, counted once and skipped everywhere."""

import pytest
from structlog.testing import capture_logs

from app.access.principal import Role
from tests.app.webhooks.test_deliveries import publish, user
from tests.app.webhooks.test_endings import ENDINGS
from tests.support.app import Person, TestApp
from tests.support.receiver import Receiver
from tests.support.unrendered import BROKEN, READABLE, add, assert_room_skips, assert_stream_skips, logged
from tests.support.webhooks import Deliveries, create_endpoint
from versions.kit.typeid import encode
from versions.v2.ids import EVENT
from versions.v2.live import mapping


@pytest.fixture
async def ada(concurrent_app: TestApp) -> Person:
    return await concurrent_app.person("ada@example.com", Role.AUTHOR)


async def test_a_stream_skips_it(concurrent_app: TestApp, ada: Person) -> None:
    await assert_stream_skips(concurrent_app, ada, "v2", "/api/v2/stream")


async def test_a_room_skips_it(concurrent_app: TestApp, ada: Person) -> None:
    await assert_room_skips(concurrent_app, ada, "v2", mapping)


async def test_the_list_of_events_skips_it(concurrent_app: TestApp, ada: Person) -> None:
    first, broken, last = await add(concurrent_app, READABLE, BROKEN, READABLE)
    ids = [encode(EVENT, uid) for uid in (first, broken, last)]
    with capture_logs() as lines:
        async with concurrent_app.client(ada.headers) as client:
            listed = await client.get("/api/v2/events", params={"after": ids[0], "limit": 1})
            further = await client.get("/api/v2/events", params={"after": ids[0]})
            found = await client.get(f"/api/v2/events/{ids[1]}")
    assert listed.status_code == 200
    assert (listed.json()["data"], listed.json()["has_more"]) == ([], True)
    assert [event["id"] for event in further.json()["data"]] == [ids[2]]
    assert (found.status_code, found.json()["code"]) == (404, "event_not_found")
    assert logged(lines) == [("v2", str(broken))]


async def test_its_deliveries_fail_with_the_reason_and_later_ones_arrive(concurrent_app: TestApp) -> None:
    deliveries = Deliveries(concurrent_app)
    principal, headers = await user(concurrent_app, "ada")
    async with Receiver().serving() as receiver:
        await create_endpoint(concurrent_app, principal, receiver.url, ("post.created",))
        await deliveries.begin()
        await publish(concurrent_app, headers)
        await deliveries.execute("UPDATE events SET payload = '{}' WHERE type = 'post.created'")
        await publish(concurrent_app, headers)
        await deliveries.write()
        with capture_logs() as lines:
            await deliveries.attempt()
            await deliveries.attempt()
    assert len(receiver.received) == 1
    assert await deliveries.rows(ENDINGS) == [("failed", "event_not_rendered", 1, True), ("succeeded", None, 1, True)]
    assert await deliveries.rows("SELECT failures FROM webhook_endpoints") == [(0,)]
    assert [version for version, _ in logged(lines)] == ["v2"]
