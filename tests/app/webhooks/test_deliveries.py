"""Deliveries: who receives which event, what a failure leads to, and who takes over from a worker that ended."""

import asyncio
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from app.access.principal import Principal
from app.kit.clock import utc_now
from app.webhooks.repository import DeliveryRepository
from app.webhooks.retry import MAX_ATTEMPTS, PAUSES, next_attempt
from app.webhooks.schedules import schedules
from app.webhooks.settlement import settle
from app.webhooks.views import Outcome
from tests.support.app import TestApp
from tests.support.jobs import worker_resources
from tests.support.receiver import Receiver, responding
from tests.support.users import principal_of
from tests.support.webhooks import Deliveries, create_endpoint
from versions.kit.typeid import encode

POSTS = "/api/v2/posts"
STATUSES = "SELECT status FROM deliveries WHERE event_type LIKE 'post.%' ORDER BY id"


async def publish(app: TestApp, headers: dict[str, str], status: str = "draft") -> None:
    """One event of a draft, which only its author reads."""
    async with app.client(headers) as client:
        created = await client.post(POSTS, json={"title": "T", "content": "C", "status": status})
        assert created.status_code == 201, created.text


async def user(app: TestApp, name: str) -> tuple[Principal, dict[str, str]]:
    person = await app.person(f"{name}@example.com")
    return await principal_of(app, person), await app.session(person)


async def prepared(app: TestApp, url: str, posts: int = 1) -> Deliveries:
    """Deliveries of posts to one endpoint, which are due."""
    deliveries = Deliveries(app)
    ada, headers = await user(app, "ada")
    await create_endpoint(app, ada, url, ("post.created",))
    await deliveries.begin()
    for _ in range(posts):
        await publish(app, headers)
    await deliveries.write()
    return deliveries


async def test_an_event_reaches_its_owner_once(concurrent_app: TestApp) -> None:
    deliveries = Deliveries(concurrent_app)
    ada, headers = await user(concurrent_app, "ada")
    bob, _ = await user(concurrent_app, "bob")
    async with Receiver().serving() as receiver:
        for owner, events in ((ada, ("post.created",)), (ada, ("post.deleted",)), (bob, ())):
            await create_endpoint(concurrent_app, owner, receiver.url, events)
        await deliveries.begin()
        await publish(concurrent_app, headers)
        for _ in range(2):
            await deliveries.write()
            await deliveries.attempt()
    [got] = receiver.received
    assert b'"type":"post.created"' in got.body
    assert (got.headers["content-type"], got.headers["user-agent"]) == ("application/json", "strata-webhooks")
    [(status, attempt, uid)] = await deliveries.rows("SELECT status, attempt, event_uid FROM deliveries")
    [(traceparent,)] = await deliveries.rows("SELECT traceparent FROM events WHERE type = 'post.created'")
    trace, span = traceparent.split("-")[1:3]
    version, sent_trace, sent_span, _ = got.headers["traceparent"].split("-")
    assert (version, sent_trace) == ("00", trace), "one trace from the request to the receiver"
    assert sent_span != span
    assert (status, attempt) == ("succeeded", 1)
    assert got.headers["webhook-id"] == encode("evt", uid)
    assert await deliveries.rows("SELECT number, status, error FROM delivery_attempts") == [(1, 204, None)]


async def test_old_deliveries_are_deleted_with_their_attempts(concurrent_app: TestApp) -> None:
    deliveries = Deliveries(concurrent_app)
    ada, headers = await user(concurrent_app, "ada")
    async with Receiver().serving() as receiver:
        await create_endpoint(concurrent_app, ada, receiver.url, ("post.created",))
        await deliveries.begin()
        for _ in range(2):
            await publish(concurrent_app, headers)
        await deliveries.write()
        await deliveries.attempt()
    age = "created_at - interval '30 days'"
    await deliveries.execute(f"UPDATE deliveries SET created_at = {age} WHERE id = (SELECT min(id) FROM deliveries)")  # noqa: S608 - a constant
    [(_,), (young,)] = await deliveries.rows("SELECT id FROM deliveries ORDER BY id")
    (schedule,) = schedules(worker_resources(concurrent_app))
    with capture_logs() as lines:
        await schedule.run()
    assert lines == [{"event": "deliveries_purged", "log_level": "info", "deliveries": 1}]
    assert await deliveries.rows("SELECT id FROM deliveries") == [(young,)]
    assert await deliveries.rows("SELECT delivery_id FROM delivery_attempts") == [(young,)]


async def test_a_failed_attempt_is_repeated_with_the_same_id(concurrent_app: TestApp) -> None:
    deliveries = Deliveries(concurrent_app)
    ada, headers = await user(concurrent_app, "ada")
    async with Receiver(responding("500 Internal Server Error", b"no")).serving() as receiver:
        await create_endpoint(concurrent_app, ada, receiver.url)
        await deliveries.begin()
        await publish(concurrent_app, headers)
        await deliveries.write()
        await deliveries.attempt()
        await deliveries.attempt()
        assert len(receiver.received) == 1, "it is not due yet"
        receiver.respond = responding("200 OK")
        await deliveries.attempt(at_once=True)
    first, second = receiver.received
    assert (first.headers["webhook-id"], first.body) == (second.headers["webhook-id"], second.body)
    assert await deliveries.rows("SELECT number, status, excerpt FROM delivery_attempts ORDER BY id") == [
        (1, 500, "no"),
        (2, 200, ""),
    ]
    assert await deliveries.rows(STATUSES) == [("succeeded",)]


async def test_an_endpoint_that_receives_nothing_is_disabled_and_later_events_are_skipped(
    concurrent_app: TestApp,
) -> None:
    deliveries = Deliveries(concurrent_app)
    ada, headers = await user(concurrent_app, "ada")
    async with Receiver(responding("503 Service Unavailable")).serving() as receiver:
        view, _ = await create_endpoint(concurrent_app, ada, receiver.url, ("post.created",))
        await deliveries.begin()
        await publish(concurrent_app, headers)
        await deliveries.write()
        for _ in range(MAX_ATTEMPTS + 1):
            await deliveries.attempt(at_once=True)
        assert len(receiver.received) == MAX_ATTEMPTS
        await publish(concurrent_app, headers)
        await deliveries.write()
    assert await deliveries.rows(STATUSES) == [("failed",), ("skipped",)]
    assert await deliveries.rows("SELECT state, disabled_reason FROM webhook_endpoints") == [("disabled", "failing")]
    told = "SELECT type FROM events WHERE type LIKE 'webhook_endpoint.%' AND subject_uid = '{}' ORDER BY id"
    assert [kind for (kind,) in await deliveries.rows(told.format(view.uid))] == [
        "webhook_endpoint.created",
        "webhook_endpoint.failing",
        "webhook_endpoint.disabled",
    ]


async def test_a_success_in_between_keeps_the_endpoint(concurrent_app: TestApp) -> None:
    async with Receiver(responding("503 Service Unavailable")).serving() as receiver:
        deliveries = await prepared(concurrent_app, receiver.url)
        await deliveries.attempt()
        await deliveries.execute("UPDATE webhook_endpoints SET last_success_at = now()")
        for _ in range(MAX_ATTEMPTS):
            await deliveries.attempt(at_once=True)
    assert await deliveries.rows(STATUSES) == [("failed",)]
    assert await deliveries.rows("SELECT state FROM webhook_endpoints") == [("active",)]


async def test_gone_disables_at_once(concurrent_app: TestApp) -> None:
    async with Receiver(responding("410 Gone")).serving() as receiver:
        deliveries = await prepared(concurrent_app, receiver.url, posts=2)
        await deliveries.attempt()
    assert await deliveries.rows("SELECT disabled_reason FROM webhook_endpoints") == [("gone",)]
    assert {status for (status,) in await deliveries.rows(STATUSES)} <= {"failed", "skipped"}


async def test_an_attempt_whose_worker_ended_is_made_again_and_its_late_result_is_dropped(
    concurrent_app: TestApp,
) -> None:
    deliveries = Deliveries(concurrent_app)
    ada, headers = await user(concurrent_app, "ada")
    database = concurrent_app.runtime.database
    async with Receiver().serving() as receiver:
        await create_endpoint(concurrent_app, ada, receiver.url, ("post.created",))
        await deliveries.begin()
        await publish(concurrent_app, headers)
        await deliveries.write()
        now = utc_now()
        async with database.write() as session:
            [claim] = await DeliveryRepository(session).claim(10, 4, now, now + timedelta(seconds=30))
        await deliveries.attempt()
        assert receiver.received == [], "its worker still has the lease"
        await deliveries.execute("UPDATE deliveries SET next_at = created_at")
        await deliveries.attempt()
    assert len(receiver.received) == 1
    assert not await settle(database, claim, Outcome(1, 500), now, utc_now())
    assert await deliveries.rows("SELECT number, status FROM delivery_attempts") == [(2, 204)]
    assert await deliveries.rows(STATUSES) == [("succeeded",)]


async def test_an_endpoint_has_few_attempts_at_the_same_time(concurrent_app: TestApp) -> None:
    deliveries = Deliveries(concurrent_app)
    ada, headers = await user(concurrent_app, "ada")
    async with Receiver().serving() as receiver:
        for _ in range(2):
            await create_endpoint(concurrent_app, ada, receiver.url, ("post.created",))
        await deliveries.begin()
        for _ in range(6):
            await publish(concurrent_app, headers)
        await deliveries.write()
        await deliveries.loop.step()
        assert len(deliveries.loop.attempts) == 8, "four of each"
        await asyncio.gather(*deliveries.loop.attempts)
        await deliveries.attempt()
    assert await deliveries.rows(STATUSES) == [("succeeded",)] * 12


@pytest.mark.parametrize("attempt", range(1, MAX_ATTEMPTS))
def test_pauses_grow_with_jitter(attempt: int) -> None:
    now = utc_now()
    at = next_attempt(attempt, Outcome(1, 500), now)
    assert at is not None
    assert PAUSES[attempt - 1] * 0.8 <= at - now <= PAUSES[attempt - 1] * 1.2


@pytest.mark.parametrize(
    ("outcome", "seconds"),
    [
        *((Outcome(1, busy), 60) for busy in (429, 502, 504)),
        (Outcome(1, error="timeout"), 60),
        (Outcome(1, 503, retry_after="3600"), 3600),
        (Outcome(1, 503, retry_after="9" * 400), 86_400),
        (Outcome(1, 503, retry_after="Fri, 31 Dec 2100 23:59:59 GMT"), 86_400),
        (Outcome(1, 503, retry_after="Fri, 31 Dec 2100 23:59:59 -0000"), 86_400),
    ],
)
def test_a_receiver_lengthens_a_pause(outcome: Outcome, seconds: int) -> None:
    now = utc_now()
    assert next_attempt(1, outcome, now) == now + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "retry_after",
    ["0", "-5", "soon", "", "²", "Fri, 31 Dec 1999 23:59:59 GMT", f"Fri, 31 Dec {'9' * 30} 23:59:59 GMT"],
)
def test_a_receiver_does_not_shorten_a_pause(retry_after: str) -> None:
    now = utc_now()
    at = next_attempt(2, Outcome(1, 503, retry_after=retry_after), now)
    assert at is not None
    assert at - now >= PAUSES[1] * 0.8


def test_the_last_attempt_and_a_gone_receiver_end_a_delivery() -> None:
    now = utc_now()
    assert next_attempt(MAX_ATTEMPTS, Outcome(1, 500), now) is None
    assert next_attempt(1, Outcome(1, 410), now) is None
