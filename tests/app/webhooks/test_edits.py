"""Changes of an endpoint: they are checked as a new endpoint is, and a new start has a clean record."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from app.access.principal import Principal
from app.errors import DomainError, InsufficientPermissions
from app.events.recorder import EventRecorder
from app.http.plans import PlansComponent
from app.http.webhooks import WebhookComponent
from app.kit.egress.addresses import AllowedAddresses
from app.kit.egress.destinations import Guard
from app.webhooks import service as services
from app.webhooks.commands import EndpointEdit
from app.webhooks.errors import UnknownEventType, WebhookEndpointNotFound, WebhookUrlRefused
from app.webhooks.service import WebhookService
from app.webhooks.views import EndpointView
from tests.app.webhooks.test_deliveries import user
from tests.support.app import TestApp
from tests.support.webhooks import Deliveries, create_endpoint

KNOWN = ("post.created", "post.deleted")
CHANGED = "SELECT payload -> 'changed' FROM events WHERE type = 'webhook_endpoint.updated' ORDER BY id"


async def edit(app: TestApp, caller: Principal, uid: UUID, **values: Any) -> EndpointView:
    shared = app.runtime.get(WebhookComponent)
    async with app.runtime.database.write() as session:
        caps = app.runtime.get(PlansComponent).catalogue.caps(caller.plan)
        recorder = EventRecorder(session, caller.user_uid)
        service = WebhookService(session, caller, caps, recorder, shared.sealer, Guard(AllowedAddresses()))
        return await service.edit(uid, EndpointEdit(KNOWN, **values))


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"events": ("post.created", "post.gone")}, UnknownEventType),
        ({"url": "https://10.0.0.1/"}, WebhookUrlRefused),
    ],
)
async def test_an_edit_is_checked_as_a_new_endpoint_is(
    test_app: TestApp, values: dict[str, Any], error: type[DomainError]
) -> None:
    ada, _ = await user(test_app, "ada")
    view, _ = await create_endpoint(test_app, ada)
    with pytest.raises(error):
        await edit(test_app, ada, view.uid, **values)
    assert await Deliveries(test_app).rows("SELECT url, events FROM webhook_endpoints") == [(view.url, [])]


async def test_a_new_endpoint_receives_types_of_its_version_only(test_app: TestApp) -> None:
    ada, _ = await user(test_app, "ada")
    with pytest.raises(UnknownEventType) as caught:
        await create_endpoint(test_app, ada, events=("post.created", "post.gone"))
    assert [field.path for field in caught.value.fields] == [("events", 1)]
    assert await Deliveries(test_app).rows("SELECT count(*) FROM webhook_endpoints") == [(0,)]


async def test_an_edit_needs_the_permissions_of_a_new_endpoint_and_its_owner(test_app: TestApp) -> None:
    ada, _ = await user(test_app, "ada")
    bob, _ = await user(test_app, "bob")
    view, _ = await create_endpoint(test_app, ada)
    needed = {"webhooks:read", "webhooks:write", "events:read"}
    for missing in needed:
        caller = Principal(ada.user_id, ada.user_uid, ada.roles, frozenset(needed - {missing}))
        with pytest.raises(InsufficientPermissions):
            await edit(test_app, caller, view.uid, description="new")
    with pytest.raises(WebhookEndpointNotFound):
        await edit(test_app, bob, view.uid, description="new")
    caller = Principal(ada.user_id, ada.user_uid, ada.roles, frozenset(needed))
    assert (await edit(test_app, caller, view.uid, description="new")).description == "new"


async def test_the_state_of_an_endpoint_says_why_and_since_when_and_a_start_forgets_failures(test_app: TestApp) -> None:
    deliveries = Deliveries(test_app)
    ada, _ = await user(test_app, "ada")
    view, _ = await create_endpoint(test_app, ada)
    await deliveries.execute("UPDATE webhook_endpoints SET failures = 3, first_failure_at = now()")
    off = await edit(test_app, ada, view.uid, active=False)
    assert (off.state, off.disabled_reason, off.disabled_at is None) == ("disabled", "by_owner", False)
    assert await edit(test_app, ada, view.uid, active=False) == off, "a second time changes nothing"
    await deliveries.execute("UPDATE webhook_endpoints SET failures = 3, first_failure_at = now()")
    on = await edit(test_app, ada, view.uid, active=True)
    assert (on.state, on.disabled_reason, on.disabled_at) == ("active", None, None)
    assert (on.failures, on.first_failure_at) == (0, None)
    assert await deliveries.rows(CHANGED) == [(["state"],), (["state"],)]


async def test_an_event_names_the_fields_with_another_value(test_app: TestApp) -> None:
    ada, _ = await user(test_app, "ada")
    view, _ = await create_endpoint(test_app, ada, events=("post.created",))
    await edit(test_app, ada, view.uid, events=("post.created",), description=view.description, active=True)
    await edit(test_app, ada, view.uid, events=("post.deleted",), description="new", api_version=view.api_version)
    assert await Deliveries(test_app).rows(CHANGED) == [(["events", "description"],)]


def test_a_request_does_not_wait_long_for_the_name_of_a_host() -> None:
    assert timedelta(seconds=services._RESOLUTION_SECONDS) <= timedelta(seconds=5)
