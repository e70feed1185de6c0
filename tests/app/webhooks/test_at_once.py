"""Workers, receivers and owners who act at the same moment: each decides on what the others have committed."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from app.http.plans import PlansComponent
from app.kit.clock import utc_now
from app.webhooks.repository import DeliveryRepository
from app.webhooks.settlement import end, settle
from app.webhooks.views import Claim, Outcome
from tests.app.webhooks.test_deliveries import STATUSES, prepared, user
from tests.app.webhooks.test_secrets_and_nudges import rotate
from tests.support.app import TestApp
from tests.support.transactions import owner_of, race
from tests.support.waiting import PATIENCE
from tests.support.webhooks import URL, Deliveries, create_endpoint

LEASE = timedelta(seconds=30)
FAILED = Outcome(1, 500)


async def claim(app: TestApp, most: int = 4) -> list[Claim]:
    now = utc_now()
    async with app.runtime.database.write() as session:
        return await DeliveryRepository(session).claim(10, most, now, now + LEASE)


async def test_failures_at_once_all_count(concurrent_app: TestApp) -> None:
    deliveries, database = await prepared(concurrent_app, URL, 3), concurrent_app.runtime.database
    now = utc_now()
    claims = await claim(concurrent_app)
    await race(concurrent_app, *(settle(database, each, FAILED, now, utc_now()) for each in claims))
    assert await deliveries.rows("SELECT failures FROM webhook_endpoints") == [(3,)]


async def test_an_attempt_is_recorded_once(concurrent_app: TestApp) -> None:
    deliveries, database = await prepared(concurrent_app, URL), concurrent_app.runtime.database
    [own] = await claim(concurrent_app)
    now = utc_now()
    results = await race(concurrent_app, *(settle(database, own, FAILED, now, utc_now()) for _ in range(2)))
    assert sorted(results) == [False, True]
    assert await deliveries.rows("SELECT number FROM delivery_attempts") == [(1,)]
    assert await deliveries.rows("SELECT failures FROM webhook_endpoints") == [(1,)]


async def test_workers_at_once_send_an_endpoint_no_more_than_one_may(concurrent_app: TestApp) -> None:
    await prepared(concurrent_app, URL, 4)
    now = utc_now()
    async with concurrent_app.runtime.database.write() as session:
        assert len(await DeliveryRepository(session).claim(10, 2, now, now + LEASE)) == 2
        other = await asyncio.wait_for(claim(concurrent_app, 2), PATIENCE)
        assert other == [], "the second worker neither waits for the first one nor adds to its attempts"


async def test_a_delivery_whose_row_is_locked_holds_up_no_other(concurrent_app: TestApp) -> None:
    await prepared(concurrent_app, URL, 3)
    async with owner_of(concurrent_app.runtime.database) as owner, owner.transaction():
        locked = await owner.fetchval("SELECT id FROM deliveries ORDER BY position LIMIT 1 FOR UPDATE")
        claims = await asyncio.wait_for(claim(concurrent_app), PATIENCE)
    assert len(claims) == 2
    assert locked not in {each.id for each in claims}


@pytest.mark.parametrize("kept", [True, False])
async def test_only_the_attempt_that_has_a_delivery_ends_it(concurrent_app: TestApp, *, kept: bool) -> None:
    deliveries = await prepared(concurrent_app, URL)
    [own] = await claim(concurrent_app)
    if not kept:
        await deliveries.execute("UPDATE deliveries SET run = gen_random_uuid()")
    ended = await end(concurrent_app.runtime.database, own, "skipped", "version_retired", utc_now())
    assert ended is kept
    assert await deliveries.rows(STATUSES) == [("skipped",) if kept else ("sending",)]
    if kept:
        assert await deliveries.rows("SELECT run, lease_until FROM deliveries") == [(None, None)]


async def test_requests_at_once_do_not_exceed_the_plan(concurrent_app: TestApp) -> None:
    ada, headers = await user(concurrent_app, "ada")
    for _ in range(concurrent_app.runtime.get(PlansComponent).catalogue.caps(ada.plan).webhook_endpoints - 1):
        view, _ = await create_endpoint(concurrent_app, ada)
    async with concurrent_app.client(headers) as client:
        post = [client.post("/api/v2/webhook-endpoints", json={"url": view.url}) for _ in range(3)]
        statuses = [response.status_code for response in await race(concurrent_app, *post)]
    assert sorted(statuses) == [201, 409, 409]


async def test_rotations_at_once_leave_one_secret_that_stays(concurrent_app: TestApp) -> None:
    deliveries = Deliveries(concurrent_app)
    ada, _ = await user(concurrent_app, "ada")
    view, _ = await create_endpoint(concurrent_app, ada)
    await race(concurrent_app, *(rotate(concurrent_app, ada, view.uid) for _ in range(3)))
    secrets = "SELECT expires_at IS NULL, count(*) FROM webhook_secrets GROUP BY 1 ORDER BY 1"
    assert await deliveries.rows(secrets) == [(False, 1), (True, 1)]


async def test_an_attempt_that_ends_leaves_neither_a_run_nor_a_lease(concurrent_app: TestApp) -> None:
    deliveries, database = await prepared(concurrent_app, URL), concurrent_app.runtime.database
    [own] = await claim(concurrent_app)
    assert await settle(database, own, FAILED, utc_now(), utc_now())
    async with database.write() as session:
        found = (await session.execute(text("SELECT run, lease_until FROM deliveries"))).one()
    assert tuple(found) == (None, None)
    assert await deliveries.rows(STATUSES) == [("pending",)]
