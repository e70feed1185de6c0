"""Attempts of one worker: how many at once, in which order, and what becomes of them when the worker ends."""

import asyncio
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from app.errors import Unavailable
from app.http.webhooks import WebhookComponent
from app.kit.clock import utc_now
from app.kit.egress.pinned import ATTEMPT_SECONDS
from app.webhooks import delivering, testing
from app.webhooks.repository import DeliveryRepository
from app.webhooks.retry import MAX_ATTEMPTS, PAUSES
from app.webhooks.sending import Message, send
from tests.app.webhooks.test_deliveries import STATUSES, prepared, publish, user
from tests.support.app import TestApp
from tests.support.receiver import Received, Receiver, responding
from tests.support.waiting import PATIENCE, eventually
from tests.support.webhooks import Deliveries, create_endpoint

DISABLED = "state = 'disabled', disabled_reason = 'by_owner', disabled_at = now()"
FAILURES = "SELECT failures, first_failure_at IS NOT NULL FROM webhook_endpoints"


class Waiting:
    """Responds when it is released."""

    def __init__(self) -> None:
        self.released = asyncio.Event()

    async def __call__(self, received: Received, writer: asyncio.StreamWriter) -> None:
        await self.released.wait()
        await responding("204 No Content")(received, writer)


def test_limits_are_those_that_receivers_and_workers_can_bear() -> None:
    assert timedelta(seconds=ATTEMPT_SECONDS) < delivering._LEASE, "no worker attempts what another one attempts"
    assert delivering._POLL_SECONDS <= 1, "what a lost nudge costs"
    assert 2 * delivering._OF_AN_ENDPOINT <= delivering._SLOTS <= 256, "each has a connection, and one may be slow"
    assert testing._SECONDS < ATTEMPT_SECONDS


def test_pauses_are_those_that_the_standard_suggests() -> None:
    """A receiver that is down over a weekend misses nothing."""
    minutes = [pause / timedelta(minutes=1) for pause in PAUSES]
    assert minutes == [5 / 60, 5, 30, *(60 * hours for hours in (2, 5, 10, 14, 20, 24))]


async def test_the_owner_is_told_after_the_fourth_failure_in_a_row(concurrent_app: TestApp) -> None:
    failing = "SELECT count(*) FROM events WHERE type = 'webhook_endpoint.failing'"
    found = []
    async with Receiver(responding("500 Internal Server Error")).serving() as receiver:
        deliveries = await prepared(concurrent_app, receiver.url)
        for _ in range(6):
            await deliveries.attempt(at_once=True)
            found += await deliveries.rows(failing)
    assert found == [(0,), (0,), (0,), (1,), (1,), (1,)]


async def test_a_worker_makes_as_many_attempts_as_it_has_slots(
    concurrent_app: TestApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivering, "_SLOTS", 2)
    waiting = Waiting()
    async with Receiver(waiting).serving() as receiver:
        deliveries = await prepared(concurrent_app, receiver.url, 3)
        for _ in range(2):
            await deliveries.loop.step()
            assert len(deliveries.loop.attempts) == 2
        leases = "SELECT min(lease_until), min(next_at) FROM deliveries WHERE status = 'sending'"
        assert all(each - utc_now() > timedelta(seconds=ATTEMPT_SECONDS) for each in (await deliveries.rows(leases))[0])
        waiting.released.set()
        await asyncio.gather(*deliveries.loop.attempts)
        assert deliveries.loop.nudged.is_set(), "the end of an attempt frees a slot"
        await asyncio.sleep(0)
        await deliveries.attempt()
    assert await deliveries.rows(STATUSES) == [("succeeded",)] * 3
    assert deliveries.loop.attempts == set()


async def test_the_end_of_a_worker_waits_for_attempts_and_then_leaves_them_to_others(concurrent_app: TestApp) -> None:
    waiting = Waiting()
    async with Receiver(waiting).serving() as receiver:
        deliveries = await prepared(concurrent_app, receiver.url, 2)

        async def received() -> bool:
            return len(receiver.received) == 2

        async with deliveries.loop.running(0.01):
            await eventually(received)
        assert deliveries.loop.attempts == set()
        assert await deliveries.rows(STATUSES) == [("sending",)] * 2
        await deliveries.execute("UPDATE deliveries SET next_at = created_at")
        receiver.received.clear()
        async with deliveries.loop.running(PATIENCE):
            await eventually(received)
            asyncio.get_running_loop().call_later(0.1, waiting.released.set)
    assert await deliveries.rows(STATUSES) == [("succeeded",)] * 2
    assert await deliveries.rows("SELECT DISTINCT attempt FROM deliveries") == [(2,)]


async def test_deliveries_are_claimed_in_the_order_of_events_and_keep_their_first_time(concurrent_app: TestApp) -> None:
    deliveries = await prepared(concurrent_app, "https://127.0.0.1:8443/hook", 3)
    await deliveries.execute("UPDATE deliveries SET position = -position")
    oldest = await deliveries.rows("SELECT id FROM deliveries ORDER BY position")
    now = utc_now()
    later = now + timedelta(hours=1)
    async with concurrent_app.runtime.database.write() as session:
        repository = DeliveryRepository(session)
        [first] = await repository.claim(1, 4, now, later)
        [second] = await repository.claim(10, 2, now, later)
        assert await repository.claim(10, 2, now, later) == []
    assert [(first.id,), (second.id,)] == oldest[:2]
    # The lease of both is over, so they run no longer.
    async with concurrent_app.runtime.database.write() as session:
        again = await DeliveryRepository(session).claim(10, 2, later, later + timedelta(hours=1))
    assert [(claim.id, claim.attempt) for claim in again] == [(first.id, 2), (second.id, 2)]
    assert await deliveries.rows("SELECT DISTINCT first_attempt_at FROM deliveries WHERE attempt > 0") == [(now,)]


async def test_a_disabled_endpoint_is_sent_nothing(concurrent_app: TestApp) -> None:
    async with Receiver().serving() as receiver:
        deliveries = await prepared(concurrent_app, receiver.url)
        await deliveries.execute(f"UPDATE webhook_endpoints SET {DISABLED}")  # noqa: S608 - of this test
        await deliveries.attempt()
    assert receiver.received == []


async def test_the_last_attempt_is_not_made_again_after_it_ended_its_worker(concurrent_app: TestApp) -> None:
    async with Receiver().serving() as receiver:
        deliveries = await prepared(concurrent_app, receiver.url)
        await deliveries.execute(f"UPDATE deliveries SET attempt = {MAX_ATTEMPTS}")  # noqa: S608 - of this test
        await deliveries.attempt()
    assert receiver.received == []
    assert await deliveries.rows(STATUSES) == [("failed",)]
    assert await deliveries.rows("SELECT error FROM delivery_attempts") == [("worker_ended",)]


async def test_a_success_ends_the_failures_of_an_endpoint_whose_first_time_stays(concurrent_app: TestApp) -> None:
    async with Receiver(responding("500 Internal Server Error")).serving() as receiver:
        deliveries = await prepared(concurrent_app, receiver.url)
        await deliveries.attempt()
        first = await deliveries.rows("SELECT first_failure_at FROM webhook_endpoints")
        await deliveries.attempt(at_once=True)
        assert await deliveries.rows("SELECT first_failure_at FROM webhook_endpoints") == first
        assert await deliveries.rows(FAILURES) == [(2, True)]
        receiver.respond = responding("204 No Content")
        await deliveries.attempt(at_once=True)
    assert await deliveries.rows(FAILURES) == [(0, False)]


async def test_an_attempt_of_an_endpoint_that_its_owner_disables_meanwhile_is_the_last(concurrent_app: TestApp) -> None:
    deliveries: list[Deliveries] = []

    async def disable(received: Received, writer: asyncio.StreamWriter) -> None:
        await deliveries[0].execute(f"UPDATE webhook_endpoints SET {DISABLED}")  # noqa: S608 - of this test
        await responding("500 Internal Server Error")(received, writer)

    async with Receiver(disable).serving() as receiver:
        deliveries.append(await prepared(concurrent_app, receiver.url))
        await deliveries[0].attempt()
    assert await deliveries[0].rows(STATUSES) == [("skipped",)]
    assert await deliveries[0].rows("SELECT disabled_reason FROM webhook_endpoints") == [("by_owner",)]


async def test_a_receiver_that_is_gone_ends_the_deliveries_of_its_endpoint_only(concurrent_app: TestApp) -> None:
    async with (
        Receiver(responding("410 Gone")).serving() as gone,
        Receiver(responding("503 Service Unavailable")).serving() as busy,
    ):
        deliveries = await prepared(concurrent_app, gone.url, 6)
        await deliveries.execute("UPDATE deliveries SET next_at = now() + interval '1 hour' WHERE id > 1")
        bob, headers = await user(concurrent_app, "bob")
        await create_endpoint(concurrent_app, bob, busy.url, ("post.created",))
        await publish(concurrent_app, headers)
        await deliveries.write()
        await deliveries.attempt()
    found = "SELECT status, reason FROM deliveries AS d JOIN webhook_endpoints AS e ON e.id = d.endpoint_id"
    order = "ORDER BY d.id"
    of_gone = await deliveries.rows(f"{found} WHERE e.url = '{gone.url}' {order}")
    assert of_gone == [("failed", None), *[("skipped", "endpoint_disabled")] * 5]
    assert await deliveries.rows(f"{found} WHERE e.url = '{busy.url}' {order}") == [("pending", None)]


async def test_an_attempt_is_recorded_with_its_times_and_the_trace_of_its_event(concurrent_app: TestApp) -> None:
    async def slow(received: Received, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.05)
        await responding("204 No Content")(received, writer)

    async with Receiver(slow).serving() as receiver:
        deliveries = await prepared(concurrent_app, receiver.url)
        await deliveries.attempt()
    [(trace, took, after_claim, before_end)] = await deliveries.rows(
        "SELECT a.trace_id, a.duration_ms, a.started_at >= d.first_attempt_at, a.started_at < d.finished_at"
        " FROM delivery_attempts AS a JOIN deliveries AS d ON d.id = a.delivery_id"
    )
    assert receiver.received[0].headers["traceparent"].split("-")[1] == trace
    assert 50 <= took < 1000 * PATIENCE
    assert (after_claim, before_end) == (True, True)


async def test_a_receiver_that_does_not_respond_in_the_given_time_has_not_received(concurrent_app: TestApp) -> None:
    egress = concurrent_app.runtime.get(WebhookComponent).egress
    waiting = Waiting()
    async with Receiver(waiting).serving() as receiver:
        sent = send(egress, receiver.url, Message("evt_1", b"{}", [b"secret"]), utc_now(), 0.05)
        outcome = await asyncio.wait_for(sent, ATTEMPT_SECONDS / 2)
        waiting.released.set()
        await asyncio.sleep(0)
    assert (outcome.status, outcome.error) == (None, "timeout")


async def test_an_attempt_that_cannot_be_recorded_is_logged_and_made_again_after_its_lease(
    concurrent_app: TestApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def settle(*_given: object) -> bool:
        raise Unavailable

    async with Receiver().serving() as receiver:
        deliveries = await prepared(concurrent_app, receiver.url)
        with monkeypatch.context() as patched, capture_logs() as lines:
            patched.setattr(delivering, "settle", settle)
            await deliveries.attempt()
        expected = {"event": "webhook_attempt_not_recorded", "log_level": "warning", "error": Unavailable.code}
        assert [line for line in lines if line["log_level"] != "debug"] == [expected]
        assert await deliveries.rows("SELECT status, next_at = lease_until FROM deliveries") == [("sending", True)]
        await deliveries.execute("UPDATE deliveries SET next_at = created_at")
        await deliveries.attempt()
    assert await deliveries.rows("SELECT status, attempt FROM deliveries") == [("succeeded", 2)]
