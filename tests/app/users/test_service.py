"""Use cases of users on a real database: what each one stores, revokes and records, and what it leaves alone."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from uuid_utils.compat import uuid7

from app.access.passwords import PasswordHasher
from app.access.principal import Role
from app.kit.clock import utc_now
from app.models import ActionToken, PendingRegistration, Session, User
from app.users.commands import UserDraft, UserEdit
from app.users.errors import EmailTaken
from app.users.job_names import ADDRESS_CHANGED
from app.users.reader import UserReader
from app.users.repository import UserRepository
from app.users.views import UserView
from tests.support.app import PASSWORD, Person, TestApp
from tests.support.users import acting, admin, events, principal_of, row_of

NEW_PASSWORD = "another correct horse"
HOUR = timedelta(hours=1)


async def open_session(test_app: TestApp, person: Person, revoked_at: datetime | None = None) -> UUID:
    now, uid = utc_now(), UUID(str(uuid7()))
    async with test_app.runtime.database.write() as session:
        times = {"created_at": now, "last_used_at": now, "expires_at": now + HOUR, "revoked_at": revoked_at}
        session.add(Session(uid=uid, user_id=person.user.id, **times))
    return uid


async def mailed(test_app: TestApp, person: Person, used_at: datetime | None = None) -> UUID:
    now, uid = utc_now(), UUID(str(uuid7()))
    async with test_app.runtime.database.write() as session:
        times = {"created_at": now, "expires_at": now + HOUR, "used_at": used_at}
        session.add(
            ActionToken(uid=uid, user_id=person.user.id, purpose="password_reset", digest=uid.bytes * 2, **times)
        )
    return uid


async def ends(test_app: TestApp, kind: type[Session | ActionToken]) -> dict[UUID, datetime | None]:
    """When each session was revoked, or each token was used."""
    column = Session.revoked_at if kind is Session else ActionToken.used_at
    async with test_app.runtime.database.write() as session:
        return {row.uid: row[1] for row in await session.execute(select(kind.uid, column))}


async def test_a_new_user_has_what_the_draft_says(test_app: TestApp) -> None:
    _, root = await admin(test_app)
    draft = UserDraft("New@Example.com", PASSWORD, "N. User", (Role.READER, Role.MODERATOR))
    before = utc_now()
    async with acting(test_app, root) as service:
        made = await service.create(draft)
    stored = await row_of(test_app, made.uid)
    assert (stored.email, stored.display_name, stored.roles) == ("New@Example.com", "N. User", ["reader", "moderator"])
    assert (stored.is_active, stored.is_verified, stored.revision) == (True, True, 1)
    assert before <= stored.created_at == stored.updated_at <= utc_now()
    assert await PasswordHasher(1).verify(PASSWORD, stored.password_hash)
    assert made == await UserReader(test_app.runtime.database.reads, root).get(made.uid)
    assert await events(test_app) == [("user.created", made.uid, {"roles": ["reader", "moderator"]})]


async def test_a_taken_address_leaves_the_transaction_usable(test_app: TestApp) -> None:
    person, root = await admin(test_app)
    other = await test_app.person("ada@example.com")
    async with acting(test_app, root) as service:
        with pytest.raises(EmailTaken):
            await service.create(UserDraft("ROOT@example.com", PASSWORD, "Another"))
        await service.create(UserDraft("new@example.com", PASSWORD, "New"))
    with pytest.raises(EmailTaken):
        async with acting(test_app, root) as service:
            await service.edit(other.user.uid, UserEdit(email=person.user.email.upper()))


async def test_only_a_taken_address_is_reported_as_one(test_app: TestApp) -> None:
    async with test_app.runtime.database.write() as session:
        repository = UserRepository(session)
        with pytest.raises(IntegrityError, match="roles_present"):
            await repository.add(User(email="new@example.com", display_name="New", roles=[]))
    person, _ = await admin(test_app)
    async with test_app.runtime.database.write() as session:
        repository = UserRepository(session)
        async with session.savepoint():
            user = await repository.lock(person.user.id)
            assert user is not None
            user.roles = []
            with pytest.raises(IntegrityError, match="roles_present"):
                await repository.save()
            session.expire_all()


ALL = ["display_name", "email", "is_active", "password"]
EDITS: list[tuple[UserEdit, list[str]]] = [
    (UserEdit(display_name="Ada L."), ["display_name"]),
    (UserEdit(email="other@example.com"), ["email"]),
    (UserEdit(email="ADA@example.com"), ["email"]),
    (UserEdit(is_active=False), ["is_active"]),
    (UserEdit(password=NEW_PASSWORD), ["password"]),
    (UserEdit("Ada L.", "other@example.com", is_active=False, password=NEW_PASSWORD), ALL),
    (UserEdit(), []),
    (UserEdit("Ada", "ada@example.com", is_active=True), []),
]


@pytest.mark.parametrize(("edit", "changed"), EDITS)
async def test_an_edit_changes_what_it_names(test_app: TestApp, edit: UserEdit, changed: list[str]) -> None:
    _, root = await admin(test_app)
    ada = await test_app.person("ada@example.com")
    before = await row_of(test_app, ada.user.uid)
    async with acting(test_app, root) as service:
        view = await service.edit(ada.user.uid, edit)
    after = await row_of(test_app, ada.user.uid)
    names = ["display_name", "email", "is_active", "password_hash"]
    different = [name for name in names if getattr(before, name) != getattr(after, name)]
    assert different == [name.replace("password", "password_hash") for name in changed]
    assert (after.display_name, after.email, after.is_active) == (
        edit.display_name if "display_name" in changed else before.display_name,
        edit.email if "email" in changed else before.email,
        "is_active" not in changed,
    )
    assert await PasswordHasher(1).verify(NEW_PASSWORD if "password" in changed else PASSWORD, after.password_hash)
    assert after.is_verified is (after.email_canonical == before.email_canonical)
    assert (after.revision > before.revision) is bool(changed)
    assert (after.updated_at > before.updated_at) is bool(changed)
    update = ("user.updated", ada.user.uid, {"changed": changed, "revision": after.revision})
    assert await events(test_app) == [update] * bool(changed)
    assert view == UserView.from_row(dict(after._mapping))
    jobs = [name for name, _ in await test_app.queued_jobs()]
    assert jobs == ([ADDRESS_CHANGED.name] if after.email_canonical != before.email_canonical else [])


async def test_a_user_is_activated_again(test_app: TestApp) -> None:
    _, root = await admin(test_app)
    ada = await test_app.person("ada@example.com")
    for is_active in (False, True):
        async with acting(test_app, root) as service:
            assert (await service.edit(ada.user.id, UserEdit(is_active=is_active))).is_active is is_active
        assert (await row_of(test_app, ada.user.uid)).is_active is is_active


async def test_another_address_ends_the_mailed_tokens_of_its_user(test_app: TestApp) -> None:
    _, root = await admin(test_app)
    ada, eve = await test_app.person("ada@example.com"), await test_app.person("eve@example.com")
    earlier = utc_now() - HOUR
    used, own, of_eve = await mailed(test_app, ada, earlier), await mailed(test_app, ada), await mailed(test_app, eve)
    session = await open_session(test_app, ada)
    async with acting(test_app, root) as service:
        await service.edit(ada.user.uid, UserEdit(email="Ada@example.com"))
    assert await ends(test_app, ActionToken) == {used: earlier, own: None, of_eve: None}, "it is the same mailbox"
    async with acting(test_app, root) as service:
        await service.edit(ada.user.uid, UserEdit(email="other@example.com"))
    found = await ends(test_app, ActionToken)
    assert (found[used], found[of_eve]) == (earlier, None)
    assert found[own] is not None
    assert await ends(test_app, Session) == {session: None}
    assert (await test_app.queued_jobs())[-1:] == [(ADDRESS_CHANGED.name, {"user": str(ada.user.uid)})]


@pytest.mark.parametrize("way", ["change_password", "edit own password", "edit by an admin", "deactivation"])
async def test_new_passwords_and_deactivations_end_sessions(test_app: TestApp, way: str) -> None:
    """Those of the user, except the session in which users change their own password."""
    _, root = await admin(test_app)
    ada, eve = await test_app.person("ada@example.com"), await test_app.person("eve@example.com")
    earlier = utc_now() - HOUR
    ended = await open_session(test_app, ada, earlier)
    current, other, of_eve = [await open_session(test_app, person) for person in (ada, ada, eve)]
    own = way in {"change_password", "edit own password"}
    caller = await principal_of(test_app, ada, current) if own else root
    async with acting(test_app, caller) as service:
        if way == "change_password":
            await service.change_password(PASSWORD, NEW_PASSWORD)
        elif way == "deactivation":
            await service.edit(ada.user.uid, UserEdit(is_active=False))
        else:
            await service.edit(ada.user.uid, UserEdit(password=NEW_PASSWORD, current_password=PASSWORD))
    found = await ends(test_app, Session)
    assert (found[ended], found[of_eve]) == (earlier, None)
    assert found[other] is not None
    assert (found[current] is None) is own
    reasons = {payload["reason"] for kind, _, payload in await events(test_app) if kind == "session.revoked"}
    assert reasons == {"user_deactivated" if way == "deactivation" else "password_changed"}


async def test_an_admin_who_deactivates_their_own_user_ends_every_session(test_app: TestApp) -> None:
    await admin(test_app)
    person, _ = await admin(test_app, "second")
    current = await open_session(test_app, person)
    async with acting(test_app, await principal_of(test_app, person, current)) as service:
        await service.edit(person.user.uid, UserEdit(is_active=False, password=NEW_PASSWORD))
    assert (await ends(test_app, Session))[current] is not None


async def test_a_changed_password_is_stored_and_recorded(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    before = await row_of(test_app, ada.user.uid)
    async with acting(test_app, await principal_of(test_app, ada)) as service:
        await service.change_password(PASSWORD, NEW_PASSWORD)
    after = await row_of(test_app, ada.user.uid)
    assert await PasswordHasher(1).verify(NEW_PASSWORD, after.password_hash)
    assert after.updated_at > before.updated_at
    update = ("user.updated", ada.user.uid, {"changed": ["password"], "revision": after.revision})
    assert await events(test_app) == [update]


async def test_roles_are_stored_once_and_in_their_order(test_app: TestApp) -> None:
    _, root = await admin(test_app)
    ada = await test_app.person("ada@example.com")
    before = await row_of(test_app, ada.user.uid)
    async with acting(test_app, root) as service:
        view = await service.set_roles(ada.user.uid, [Role.ADMIN, Role.READER, Role.ADMIN, Role.AUTHOR])
    assert view.roles == (Role.READER, Role.AUTHOR, Role.ADMIN)
    after = await row_of(test_app, ada.user.uid)
    assert (after.roles, after.revision) == (["reader", "author", "admin"], before.revision + 1)
    assert after.updated_at > before.updated_at
    change = ("user.roles_changed", ada.user.uid, {"roles": ["reader", "author", "admin"], "revision": after.revision})
    assert await events(test_app) == [change]
    async with acting(test_app, root) as service:
        await service.set_roles(ada.user.uid, [Role.AUTHOR, Role.ADMIN, Role.READER])
    assert await row_of(test_app, ada.user.uid) == after, "the same roles in another order"
    assert await events(test_app) == [change]


async def test_a_deleted_user_is_an_event_and_others_stay(test_app: TestApp) -> None:
    _, root = await admin(test_app)
    ada, eve = await test_app.person("ada@example.com"), await test_app.person("eve@example.com")
    now = utc_now()
    async with test_app.runtime.database.write() as session:
        for name in ("ADA@example.com", "eve@example.com"):
            times = {"created_at": now, "expires_at": now + HOUR}
            claim = {"email": name, "email_canonical": name.lower(), "display_name": "", "password_hash": ""}
            session.add(PendingRegistration(uid=uuid7(), digest=name.encode(), **claim, **times))
    async with acting(test_app, root) as service:
        await service.delete(ada.user.uid)
    async with test_app.runtime.database.write() as session:
        left = await session.scalars(select(PendingRegistration.email))
        assert left.all() == ["eve@example.com"], "registrations of the address are deleted in every spelling"
    assert await row_of(test_app, ada.user.uid) is None
    assert await row_of(test_app, eve.user.uid) is not None
    assert (await events(test_app))[-1] == ("user.deleted", ada.user.uid, {})


async def test_pages_of_users_are_in_the_order_of_their_ids(test_app: TestApp) -> None:
    _, root = await admin(test_app)
    for number in range(4):
        await test_app.person(f"user{number}@example.com")
    reader = UserReader(test_app.runtime.database.reads, root)
    async with test_app.runtime.database.write() as session:
        ids = list(await session.scalars(select(User.id).order_by(User.id)))
        assert await reader.count() == await session.scalar(select(func.count()).select_from(User)) == 5
    assert [user.id for user in await reader.offset_page(1, 3)] == ids[1:4]
    assert [user.id for user in await reader.offset_page(4, 3)] == ids[4:]
    first = await reader.page(None, 2)
    assert ([user.id for user in first.items], first.next_position) == (ids[:2], (ids[1],))
    second = await reader.page(first.next_position, 3)
    assert ([user.id for user in second.items], second.next_position) == (ids[2:], None)
    assert second.has_more is False
    assert first.has_more is True
