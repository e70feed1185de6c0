"""A request for tests: each active endpoint of the caller that receives events of the type gets one."""

import pytest

from app.access.principal import Principal
from app.errors import InsufficientPermissions
from app.events.recorder import EventRecorder
from app.webhooks.errors import UnknownEventType
from app.webhooks.triggering import EndpointTrigger
from tests.app.webhooks.test_deliveries import user
from tests.support.app import TestApp
from tests.support.webhooks import Deliveries, create_endpoint

KNOWN = ("post.created", "post.deleted")
TESTED = "SELECT subject_uid FROM events WHERE type = 'webhook_endpoint.tested' ORDER BY id"


async def trigger(app: TestApp, caller: Principal, event_type: str) -> None:
    async with app.runtime.database.write() as session:
        await EndpointTrigger(session, caller, EventRecorder(session, caller.user_uid)).trigger(event_type, KNOWN)


async def test_active_endpoints_that_receive_the_type_are_tested(test_app: TestApp) -> None:
    deliveries = Deliveries(test_app)
    ada, _ = await user(test_app, "ada")
    bob, _ = await user(test_app, "bob")
    views = [
        (await create_endpoint(test_app, owner, events=events))[0]
        for owner, events in ((ada, ()), (ada, KNOWN[:1]), (ada, KNOWN[1:]), (ada, ()), (bob, ()))
    ]
    off = f"UPDATE webhook_endpoints SET state = 'disabled', disabled_reason = 'gone' WHERE id = {views[3].id}"  # noqa: S608 - of this test
    await deliveries.execute(off)
    await trigger(test_app, ada, KNOWN[0])
    assert await deliveries.rows(TESTED) == [(views[0].uid,), (views[1].uid,)]


async def test_an_unknown_type_and_a_caller_who_may_not_write_test_nothing(test_app: TestApp) -> None:
    ada, _ = await user(test_app, "ada")
    await create_endpoint(test_app, ada)
    with pytest.raises(UnknownEventType) as caught:
        await trigger(test_app, ada, "post.gone")
    (field,) = caught.value.fields
    assert (field.path, field.where) == (("event",), "query")
    reader = Principal(ada.user_id, ada.user_uid, ada.roles, frozenset({"webhooks:read", "events:read"}))
    with pytest.raises(InsufficientPermissions):
        await trigger(test_app, reader, KNOWN[0])
    assert await Deliveries(test_app).rows(TESTED) == []
