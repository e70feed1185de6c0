"""Mails to the owner: one when an endpoint starts to fail and one when it is disabled, with the events of both."""

import pytest

from app.webhooks.retry import MAX_ATTEMPTS
from tests.app.webhooks.test_deliveries import prepared, publish, user
from tests.support.app import TestApp
from tests.support.receiver import Receiver, responding
from tests.support.webhooks import Deliveries, create_endpoint

FAILING, DISABLED = "Your webhook endpoint is failing", "Your webhook endpoint was disabled"
NOTICES = "SELECT params ->> 'notice' FROM jobs WHERE kind = 'webhooks.send_notice' ORDER BY id"
UID = "SELECT uid FROM deliveries"


async def test_the_owner_is_notified_once_of_failures_and_once_of_the_end(concurrent_app: TestApp) -> None:
    async with Receiver(responding("503 Service Unavailable")).serving() as receiver:
        deliveries = await prepared(concurrent_app, receiver.url)
        sent = []
        for _ in range(MAX_ATTEMPTS):
            await deliveries.attempt(at_once=True)
            sent.append([mail.subject for mail in await concurrent_app.deliver()])
    assert sent == [[], [], [], [FAILING], *[[]] * (MAX_ATTEMPTS - 5), [DISABLED]]
    assert await deliveries.rows(NOTICES) == [("failing",), ("disabled",)]


async def test_a_mail_names_the_url_and_the_failure_and_keeps_its_id(concurrent_app: TestApp) -> None:
    deliveries = Deliveries(concurrent_app)
    ada, headers = await user(concurrent_app, "ada")
    async with Receiver(responding("410 Gone")).serving() as receiver:
        await create_endpoint(concurrent_app, ada, receiver.url, ("post.created",))
        await deliveries.begin()
        await publish(concurrent_app, headers)
        await deliveries.write()
        await deliveries.attempt()
    [(uid,)] = await deliveries.rows(UID)
    [mail] = await concurrent_app.deliver()
    assert (mail.to, mail.subject, mail.message_id) == ("ada@example.com", DISABLED, f"webhook.disabled.{uid}.1")
    for form in (mail.text, mail.html):
        assert form is not None
        assert receiver.url in form
        assert "status 410" in form


@pytest.mark.parametrize("end", ["DELETE FROM webhook_endpoints", "UPDATE users SET is_active = false"])
async def test_no_mail_follows_the_end_of_an_endpoint_or_of_its_owner(concurrent_app: TestApp, end: str) -> None:
    async with Receiver(responding("410 Gone")).serving() as receiver:
        deliveries = await prepared(concurrent_app, receiver.url)
        await deliveries.attempt()
    await deliveries.execute(end)
    assert await concurrent_app.deliver() == []
