"""Whose endpoints and deliveries these are: other users see none of them, and an owner who is deleted has none."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text

from app.access.principal import Principal
from app.errors import InsufficientPermissions, Unauthenticated
from app.events.recorder import EventRecorder
from app.models import Event
from app.webhooks.commands import DeliveryFilter
from app.webhooks.delivery_reader import DeliveryReader
from app.webhooks.errors import DeliveryNotFound, EventNotDelivered, WebhookEndpointNotFound
from app.webhooks.user_deletion import user_deletion
from tests.app.webhooks.test_deliveries import publish, user
from tests.support.app import TestApp
from tests.support.users import principal_of
from tests.support.webhooks import Deliveries, create_endpoint


async def test_deliveries_are_for_the_owner_of_their_endpoint(concurrent_app: TestApp) -> None:
    deliveries, reads = Deliveries(concurrent_app), concurrent_app.runtime.database.reads
    ada, headers = await user(concurrent_app, "ada")
    bob, _ = await user(concurrent_app, "bob")
    view, _ = await create_endpoint(concurrent_app, ada, events=("post.created",))
    other, _ = await create_endpoint(concurrent_app, bob, events=("post.updated",))
    await deliveries.begin()
    for _ in range(2):
        await publish(concurrent_app, headers)
    await deliveries.write()
    [(uid, event), (_, second)] = await deliveries.rows("SELECT uid, event_uid FROM deliveries ORDER BY position")
    own = DeliveryReader(reads, ada)
    assert [one.event_uid for one in (await own.page(view.uid, DeliveryFilter(), None, 9)).items] == [event, second]
    after = DeliveryFilter(after=event)
    assert [one.event_uid for one in (await own.page(view.uid, after, None, 9)).items] == [second]
    assert (await own.get(uid))[0].event_uid == event
    with pytest.raises(EventNotDelivered):
        await own.page(view.uid, DeliveryFilter(after=uuid4()), None, 9)
    with pytest.raises(EventNotDelivered):
        await DeliveryReader(reads, bob).page(other.uid, after, None, 9)
    for missing in (uid, uuid4()):
        with pytest.raises(DeliveryNotFound):
            await DeliveryReader(reads, bob).get(missing)
    with pytest.raises(WebhookEndpointNotFound):
        await DeliveryReader(reads, bob).page(view.uid, DeliveryFilter(), None, 9)
    writer = DeliveryReader(reads, Principal(ada.user_id, ada.user_uid, ada.roles, frozenset({"webhooks:write"})))
    with pytest.raises(InsufficientPermissions):
        await writer.get(uid)
    with pytest.raises(InsufficientPermissions):
        await writer.page(view.uid, DeliveryFilter(), None, 9)


async def test_the_deletion_of_a_user_is_an_event_of_each_endpoint(test_app: TestApp) -> None:
    ada, bob = [await principal_of(test_app, await test_app.person(f"{name}@example.com")) for name in ("ada", "bob")]
    created = [(await create_endpoint(test_app, ada))[0] for _ in range(2)]
    await create_endpoint(test_app, bob)
    async with test_app.runtime.database.write() as session:
        await user_deletion(session, EventRecorder(session, ada.user_uid))(ada.signed_in())
    async with test_app.runtime.database.write() as session:
        deleted = Event.type == "webhook_endpoint.deleted"
        found = select(Event.subject_uid, Event.subject_id, Event.owner_uid).where(deleted).order_by(Event.id)
        recorded: list[tuple[UUID, int, UUID]] = [(row[0], row[1], row[2]) for row in await session.execute(found)]
    assert recorded == [(view.uid, view.id, ada.user_uid) for view in created]


async def test_a_user_who_was_deleted_meanwhile_creates_no_endpoint(test_app: TestApp) -> None:
    ada = await principal_of(test_app, await test_app.person("ada@example.com"))
    async with test_app.runtime.database.write() as session:
        await session.execute(text("DELETE FROM users WHERE id = :id"), {"id": ada.user_id})
    with pytest.raises(Unauthenticated):
        await create_endpoint(test_app, ada)
