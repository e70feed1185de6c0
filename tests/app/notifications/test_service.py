"""Who receives a notification, and how long it is kept."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from app.access.principal import Principal
from app.errors import InsufficientPermissions
from app.events.recorder import EventRecorder
from app.kit.clock import utc_now
from app.kit.db.sessions import WriteSession
from app.notifications import repository
from app.notifications.errors import NotificationNotFound, RecipientNotFound
from app.notifications.housekeeping import NotificationHousekeeping
from app.notifications.reader import NotificationReader
from app.notifications.schedules import schedules
from app.notifications.service import NotificationService
from app.notifications.views import NotificationView, RecipientRef
from app.settings.notifications import NotificationSettings
from tests.support.app import TestApp
from tests.support.jobs import worker_resources
from tests.support.transactions import overlap, owner_of, race
from tests.support.users import admin, events, principal_of
from tests.support.waiting import PATIENCE


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


@pytest.mark.parametrize(
    ("granted", "may"),
    [
        ({"notifications:read"}, {"page"}),
        ({"notifications:write"}, set()),
        ({"notifications:send"}, set()),
        ({"notifications:read", "notifications:write"}, {"page", "mark"}),
        ({"notifications:read", "notifications:send"}, {"page", "send"}),
        ({"notifications:write", "notifications:send"}, set()),
    ],
)
async def test_each_permission_is_for_what_it_says(test_app: TestApp, granted: set[str], may: set[str]) -> None:
    """Every write shows a notification."""
    _, root = await admin(test_app)
    person = await test_app.person("ada@example.com")
    sent = await send(test_app, root, person.user.id)
    caller = Principal(person.user.id, person.user.uid, (), frozenset(granted))
    acts = {
        "page": lambda: listed(test_app, caller),
        "mark": lambda: mark(test_app, caller, sent.uid),
        "send": lambda: send(test_app, caller, person.user.id),
    }
    for name, act in acts.items():
        if name in may:
            await act()
        else:
            with pytest.raises(InsufficientPermissions):
                await act()


async def test_the_events_of_a_notification_are_those_of_its_recipient(test_app: TestApp) -> None:
    _, root = await admin(test_app)
    person = await test_app.person("ada@example.com")
    sent = await send(test_app, root, person.user.id)
    await mark(test_app, await principal_of(test_app, person), sent.uid)
    async with test_app.runtime.database.write() as session:
        found = await session.execute(text("SELECT type, owner_uid FROM events WHERE type LIKE 'notification.%'"))
        assert {tuple(row) for row in found} == {
            ("notification.created", person.user.uid),
            ("notification.read", person.user.uid),
        }


async def test_the_schedule_keeps_notifications_as_long_as_the_setting_says(concurrent_app: TestApp) -> None:
    _, root = await admin(concurrent_app)
    person = await concurrent_app.person("ada@example.com")
    ages = (31, 29)
    for days in ages:
        sent = await send(concurrent_app, root, person.user.id)
        async with concurrent_app.runtime.database.write() as session:
            await session.execute(
                text("UPDATE notifications SET created_at = created_at - CAST(:age AS interval) WHERE uid = :uid"),
                {"age": timedelta(days=days), "uid": sent.uid},
            )
    (schedule,) = schedules(worker_resources(concurrent_app, NotificationSettings(retention_days=30)))
    await schedule.run()
    assert len(await listed(concurrent_app, await principal_of(concurrent_app, person))) == 1


async def test_marks_at_once_are_one_event(concurrent_app: TestApp) -> None:
    _, root = await admin(concurrent_app)
    person = await concurrent_app.person("ada@example.com")
    ada = await principal_of(concurrent_app, person)
    sent = await send(concurrent_app, root, person.user.id)
    first, *others = await race(concurrent_app, *(mark(concurrent_app, ada, sent.uid) for _ in range(3)))
    assert others == [first, first]
    assert [kind for kind, _, _ in await events(concurrent_app)].count("notification.read") == 1


async def test_a_user_who_is_deleted_meanwhile_receives_nothing_and_one_who_is_edited_does(
    concurrent_app: TestApp,
) -> None:
    _, root = await admin(concurrent_app)
    person = await concurrent_app.person("ada@example.com")
    async with owner_of(concurrent_app.runtime.database) as owner, owner.transaction():
        await owner.execute("SELECT 1 FROM users FOR NO KEY UPDATE")
        await asyncio.wait_for(send(concurrent_app, root, person.user.id), PATIENCE)

    async def delete(session: WriteSession) -> None:
        await session.execute(text("DELETE FROM users WHERE id = :id"), {"id": person.user.id})

    async def send_late(session: WriteSession) -> NotificationView:
        return await NotificationService(session, root, EventRecorder(session)).send(person.user.id, "Hello")

    _, outcome = await overlap(concurrent_app, delete, send_late)
    assert isinstance(outcome, RecipientNotFound)


async def test_a_purge_deletes_the_oldest_ones_in_batches(test_app: TestApp, monkeypatch: pytest.MonkeyPatch) -> None:
    _, root = await admin(test_app)
    person = await test_app.person("ada@example.com")
    sent = [await send(test_app, root, person.user.id) for _ in range(3)]
    monkeypatch.setattr(repository, "BATCH", 2)
    async with test_app.runtime.database.write() as session:
        assert await repository.NotificationRepository(session).purge(utc_now() + timedelta(days=1)) == 2
    assert await listed(test_app, await principal_of(test_app, person)) == sent[2:]


async def test_pages_are_newest_first_and_add_up(test_app: TestApp) -> None:
    _, root = await admin(test_app)
    person = await test_app.person("ada@example.com")
    sent = [await send(test_app, root, person.user.id) for _ in range(3)][::-1]
    reader = NotificationReader(test_app.runtime.database.reads, await principal_of(test_app, person))
    first = await reader.page(None, 2)
    assert (list(first.items), first.has_more) == (sent[:2], True)
    second = await reader.page(first.next_position, 2)
    assert (list(second.items), second.has_more, second.next_position) == (sent[2:], False, None)
