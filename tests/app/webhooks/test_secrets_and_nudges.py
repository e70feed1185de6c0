"""Which secrets sign a delivery, what counts as delivered, and what wakes the loop of a worker."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

import pytest

from app.access.principal import Principal
from app.events.recorder import EventRecorder
from app.events.rendering import RENDERERS
from app.http.plans import PlansComponent
from app.http.webhooks import WebhookComponent
from app.kit.clock import utc_now
from app.kit.db.listener import Listener
from app.webhooks import delivering
from app.webhooks.errors import WebhookEndpointNotFound
from app.webhooks.nudges import DUE
from app.webhooks.sending import NO_READABLE_KEY, Message, send
from app.webhooks.service import WebhookService
from app.webhooks.testing import EndpointTester
from app.webhooks.views import Outcome
from app.webhooks.worker_loops import worker_loops
from app.wiring import tracing_config
from observability.tracing.tracer import Tracing
from tests.app.webhooks.test_deliveries import STATUSES, publish, user
from tests.support.app import TestApp
from tests.support.jobs import worker_resources
from tests.support.receiver import Receiver
from tests.support.waiting import eventually
from tests.support.webhooks import Deliveries, create_endpoint

SECRETS = "SELECT count(*) FROM webhook_secrets GROUP BY endpoint_id ORDER BY endpoint_id"


async def rotate(app: TestApp, principal: Principal, uid: UUID, overlap: timedelta = timedelta(hours=1)) -> None:
    shared = app.runtime.get(WebhookComponent)
    async with app.runtime.database.write() as session:
        caps = app.runtime.get(PlansComponent).catalogue.caps(principal.plan)
        recorder = EventRecorder(session, principal.user_uid)
        service = WebhookService(session, principal, caps, recorder, shared.sealer, shared.egress.guard)
        await service.rotate(uid, overlap)


async def test_a_delivery_is_signed_with_each_secret_that_has_not_expired(concurrent_app: TestApp) -> None:
    deliveries = Deliveries(concurrent_app)
    ada, headers = await user(concurrent_app, "ada")
    async with Receiver().serving() as receiver:
        view, _ = await create_endpoint(concurrent_app, ada, receiver.url, ("post.created",))
        await deliveries.begin()
        for expired in (False, True):
            if expired:
                await deliveries.execute("UPDATE webhook_secrets SET expires_at = now() WHERE expires_at IS NOT NULL")
            else:
                await rotate(concurrent_app, ada, view.uid)
            await publish(concurrent_app, headers)
            await deliveries.write()
            await deliveries.attempt()
    assert [len(got.headers["webhook-signature"].split(" ")) for got in receiver.received] == [2, 1]


async def test_a_rotation_leaves_the_secrets_of_other_endpoints(test_app: TestApp) -> None:
    deliveries = Deliveries(test_app)
    ada, _ = await user(test_app, "ada")
    first, second = [(await create_endpoint(test_app, ada))[0] for _ in range(2)]
    for uid in (first.uid, second.uid, first.uid):
        await rotate(test_app, ada, uid)
    assert await deliveries.rows(SECRETS) == [(2,), (2,)]
    expiring = "SELECT count(*) FROM webhook_secrets WHERE expires_at IS NOT NULL"
    assert await deliveries.rows(expiring) == [(2,)]


async def test_without_a_readable_secret_nothing_is_sent(test_app: TestApp) -> None:
    egress = test_app.runtime.get(WebhookComponent).egress
    async with Receiver().serving() as receiver:
        outcome = await send(egress, receiver.url, Message("evt_1", b"{}", []), utc_now())
    assert (outcome.error, outcome.status, receiver.received) == (NO_READABLE_KEY, None, [])


@pytest.mark.parametrize(
    ("status", "succeeded"), [(None, False), (199, False), (200, True), (299, True), (300, False), (301, False)]
)
def test_only_a_status_of_the_class_2_is_a_success(status: int | None, *, succeeded: bool) -> None:
    assert Outcome(1, status).succeeded is succeeded


async def test_nobody_tests_the_endpoint_of_another_user(test_app: TestApp) -> None:
    ada, _ = await user(test_app, "ada")
    bob, _ = await user(test_app, "bob")
    shared = test_app.runtime.get(WebhookComponent)
    async with Receiver().serving() as receiver:
        view, _ = await create_endpoint(test_app, ada, receiver.url)
        for caller in (bob, ada):
            tester = EndpointTester(test_app.runtime.database.reads, caller, shared.sealer, shared.egress, RENDERERS)
            if caller is bob:
                with pytest.raises(WebhookEndpointNotFound):
                    await tester.send(view.uid)
            else:
                await tester.send(view.uid)
    assert len(receiver.received) == 1


class Nudges:
    """In place of the listener: remembers who wants to be woken."""

    def __init__(self) -> None:
        self.callbacks: dict[str, Callable[[str | None], None]] = {}

    def subscribe(self, channel: str, callback: Callable[[str | None], None]) -> None:
        self.callbacks[channel] = callback


async def test_the_loop_of_a_worker_is_woken_by_nudges(
    concurrent_app: TestApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivering, "_POLL_SECONDS", 3600.0)
    deliveries, nudges, settings = Deliveries(concurrent_app), Nudges(), concurrent_app.runtime.settings
    ada, headers = await user(concurrent_app, "ada")
    resources = worker_resources(concurrent_app)
    listener: Any = nudges
    tracing = Tracing(tracing_config(settings, "test"))
    async with Receiver().serving() as receiver:
        await create_endpoint(concurrent_app, ada, receiver.url, ("post.created",))
        await deliveries.begin()
        (loop,) = worker_loops(resources, cast("Listener", listener), tracing)
        async with loop:
            for _ in range(20):
                await asyncio.sleep(0.01)
            await publish(concurrent_app, headers)
            await deliveries.write()
            nudges.callbacks[DUE.channel](None)

            async def delivered() -> bool:
                return await deliveries.rows(STATUSES) == [("succeeded",)]

            await eventually(delivered)
