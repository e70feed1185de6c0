"""Each way to point a webhook at an internal address is refused at the attempt, too, and counts as a failure."""

import asyncio
from collections.abc import Sequence
from unittest.mock import patch

from app.kit.egress.addresses import AllowedAddresses
from app.kit.egress.destinations import Guard
from app.webhooks.retry import MAX_ATTEMPTS
from tests.app.webhooks.test_deliveries import publish, user
from tests.app.webhooks.test_endpoints import INWARD
from tests.support.app import TestApp
from tests.support.webhooks import Deliveries, create_endpoint

REFUSALS = {"forbidden_address", "bad_url", "insecure"}
POINT = "UPDATE webhook_endpoints SET state = 'active', disabled_reason = NULL, url = '{}'"
AGAIN = "UPDATE deliveries SET status = 'pending', attempt = 0, finished_at = NULL"
LAST = "SELECT error, status FROM delivery_attempts ORDER BY id DESC LIMIT 1"


async def no_connection(*_arguments: object, **_options: object) -> None:
    message = "a connection was opened"
    raise AssertionError(message)


async def test_no_attempt_leads_inward(concurrent_app: TestApp) -> None:
    """As if the URL had been stored before a rule, or by another release."""
    assert len(INWARD) >= 40
    deliveries = Deliveries(concurrent_app, Guard(AllowedAddresses()))
    ada, headers = await user(concurrent_app, "ada")
    await create_endpoint(concurrent_app, ada, events=("post.created",))
    await deliveries.begin()
    await publish(concurrent_app, headers)
    await deliveries.write()
    for url in INWARD:
        await deliveries.execute(POINT.format(url.replace(":", "\\:")))
        await deliveries.execute(f"{AGAIN}, next_at = created_at")
        await deliveries.execute("DELETE FROM delivery_attempts")
        with patch("httpcore2.AsyncConnectionPool.handle_async_request", no_connection):
            await deliveries.attempt()
        [(error, status)] = await deliveries.rows(LAST)
        assert (error in REFUSALS, status) == (True, None), f"{url}: {error}"


async def test_a_name_that_changes_its_address_after_the_registration_is_refused(concurrent_app: TestApp) -> None:
    answers = iter([["8.8.8.8"], *[["10.0.0.1"]] * MAX_ATTEMPTS])

    async def resolve(_host: str, _port: int) -> Sequence[str]:
        await asyncio.sleep(0)
        return next(answers)

    guard = Guard(AllowedAddresses(), resolve=resolve)
    deliveries = Deliveries(concurrent_app, guard)
    ada, headers = await user(concurrent_app, "ada")
    await guard.check("https://hooks.example.com/", 5)
    await create_endpoint(concurrent_app, ada, events=("post.created",))
    await deliveries.execute(POINT.format("https\\://hooks.example.com/"))
    await deliveries.begin()
    await publish(concurrent_app, headers)
    await deliveries.write()
    await deliveries.attempt()
    assert await deliveries.rows(LAST) == [("forbidden_address", None)]
