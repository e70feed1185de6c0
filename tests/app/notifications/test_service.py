"""Who receives a notification, and how long it is kept."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from app.access.principal import Principal
from app.errors import InsufficientPermissions
from app.events.recorder import EventRecorder
from app.notifications.errors import NotificationNotFound, RecipientNotFound
from app.notifications.housekeeping import NotificationHousekeeping
from app.notifications.reader import NotificationReader
from app.notifications.service import NotificationService
from app.notifications.views import NotificationView, RecipientRef
from tests.support.app import TestApp
from tests.support.users import admin, events, principal_of


async def send(app: TestApp, sender: Principal, recipient: RecipientRef) -> NotificationView:
    async with app.runtime.database.write() as session:
        service = NotificationService(session, sender, EventRecorder(session, sender.user_uid))
        return await service.send(recipient, "Hello")


async def mark(app: TestApp, reader: Principal, uid: UUID) -> NotificationView:
    async with app.runtime.database.write() as session:
        service = NotificationService(session, reader, EventRecorder(session, reader.user_uid))
        return await service.mark_read(uid)


async def listed(app: TestApp, reader: Principal) -> list[NotificationView]:
    found = await NotificationReader(app.runtime.database.reads, reader).page(None, 10)
    return list(found.items)


async def test_a_message_reaches_its_recipient_only(test_app: TestApp) -> None:
    _, root = await admin(test_app)
    person = await test_app.person("ada@example.com")
    ada = await principal_of(test_app, person)
    sent = await send(test_app, root, person.user.id)
    again = await send(test_app, root, person.user.uid)
    assert await listed(test_app, ada) == [again, sent]
    assert await listed(test_app, root) == []
    assert (sent.sender_uid, sent.message, sent.read_at) == (root.user_uid, "Hello", None)
    payload = {"message": "Hello", "sender": str(root.user_uid)}
    found = [(kind, uid, stored) for kind, uid, stored in await events(test_app) if kind.startswith("notification")]
    assert [("notification.created", view.uid, payload) for view in (sent, again)] == found


async def test_an_author_sends_nothing_and_an_unknown_user_receives_nothing(test_app: TestApp) -> None:
    _, root = await admin(test_app)
    person = await test_app.person("ada@example.com")
    with pytest.raises(InsufficientPermissions):
        await send(test_app, await principal_of(test_app, person), person.user.id)
    for unknown in (999_999, uuid4()):
        with pytest.raises(RecipientNotFound):
            await send(test_app, root, unknown)


async def test_a_second_mark_changes_nothing(test_app: TestApp) -> None:
    _, root = await admin(test_app)
    person = await test_app.person("ada@example.com")
    ada = await principal_of(test_app, person)
    sent = await send(test_app, root, person.user.id)
    marked = await mark(test_app, ada, sent.uid)
    assert marked.read_at is not None
    assert await mark(test_app, ada, sent.uid) == marked
    assert [kind for kind, _, _ in await events(test_app)].count("notification.read") == 1
    with pytest.raises(NotificationNotFound):
        await mark(test_app, root, sent.uid)


async def test_old_notifications_are_deleted(test_app: TestApp) -> None:
    _, root = await admin(test_app)
    person = await test_app.person("ada@example.com")
    old, young = [await send(test_app, root, person.user.id) for _ in range(2)]
    async with test_app.runtime.database.write() as session:
        await session.execute(
            text("UPDATE notifications SET created_at = created_at - CAST(:age AS interval) WHERE uid = :uid"),
            {"age": timedelta(days=90), "uid": old.uid},
        )
    assert await NotificationHousekeeping(test_app.runtime.database, 90).purge() == 1
    assert await listed(test_app, await principal_of(test_app, person)) == [young]
