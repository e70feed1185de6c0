"""Who may change a user, in which order conditions are checked, and that one admin remains."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from app.access.principal import Principal, Role
from app.errors import InsufficientPermissions, RevisionConflict
from app.kit.revisions import revision_mark
from app.models import User
from app.users.commands import UserDraft, UserEdit
from app.users.errors import LastAdmin, NotYourAccount, UserNotFound
from app.users.reader import UserReader
from app.users.service import UserService
from tests.support.app import PASSWORD, TestApp
from tests.support.users import acting, admin, events, principal_of

NEW_PASSWORD = "another correct horse"


@pytest.mark.parametrize("change", ["edit", "set_roles", "delete"])
async def test_every_change_compares_the_expected_revision(test_app: TestApp, change: str) -> None:
    _, root = await admin(test_app)
    ada, eve = await test_app.person("ada@example.com"), await test_app.person("eve@example.com")
    arguments: dict[str, Any] = {"edit": UserEdit(display_name="A"), "set_roles": [Role.READER]}
    first = [arguments[change]] if change in arguments else []
    for mark in (revision_mark(ada.user.uid, 2), revision_mark(eve.user.uid, 1)):
        async with acting(test_app, root) as service:
            with pytest.raises(RevisionConflict):
                await getattr(service, change)(ada.user.uid, *first, frozenset({mark}))
    assert await events(test_app) == []
    async with acting(test_app, root) as service:
        await getattr(service, change)(ada.user.uid, *first, frozenset({"other", revision_mark(ada.user.uid, 1)}))
    assert [name for name, uid, _ in await events(test_app) if uid == ada.user.uid and name.startswith("user.")] != []


@pytest.mark.parametrize("other", ["none", "inactive", "unverified", "author"])
@pytest.mark.parametrize("change", ["deactivate", "another address", "set_roles", "delete", "delete_as_admin"])
async def test_the_last_admin_who_can_act_stays(test_app: TestApp, change: str, other: str) -> None:
    person, root = await admin(test_app)
    if other != "none":
        second = await test_app.person(
            "second@example.com", Role.AUTHOR if other == "author" else Role.ADMIN, verified=other != "unverified"
        )
        async with test_app.runtime.database.write() as session:
            values = {"is_active": other != "inactive"}
            await session.execute(update(User).where(User.id == second.user.id).values(**values))

    async def act(service: UserService) -> None:
        uid = person.user.uid
        match change:
            case "deactivate":
                await service.edit(uid, UserEdit(is_active=False))
            case "another address":
                await service.edit(uid, UserEdit(email="other@example.com"))
            case "set_roles":
                await service.set_roles(uid, [Role.MODERATOR])
            case "delete":
                await service.delete(uid)
            case "delete_as_admin":
                await service.delete_as_admin(uid)

    async with acting(test_app, root) as service:
        with pytest.raises(LastAdmin):
            await act(service)
    await test_app.person("third@example.com", Role.ADMIN)
    async with acting(test_app, root) as service:
        await act(service)


async def test_the_last_admin_may_change_what_keeps_them_an_admin(test_app: TestApp) -> None:
    person, root = await admin(test_app)
    uid = person.user.uid
    async with acting(test_app, root) as service:
        await service.edit(uid, UserEdit("Root", "ROOT@example.com", is_active=True, password=NEW_PASSWORD))
        await service.set_roles(uid, [Role.ADMIN, Role.AUTHOR])


async def test_permissions_are_checked_before_the_guard_of_the_last_admin(test_app: TestApp) -> None:
    person = await test_app.person("root@example.com", Role.ADMIN, scopes=["profile:write", "profile:read"])
    async with acting(test_app, await principal_of(test_app, person)) as service:
        for edit in (UserEdit(is_active=False), UserEdit(email="other@example.com")):
            with pytest.raises(InsufficientPermissions) as rejected:
                await service.edit(person.user.uid, edit)
            assert rejected.value.context == {"scope": "users:write"}


async def test_a_caller_without_the_permission_learns_which_one_is_missing(test_app: TestApp) -> None:
    ada, eve = await test_app.person("ada@example.com"), await test_app.person("eve@example.com")
    principal = await principal_of(test_app, ada)
    reader = UserReader(test_app.runtime.database.reads, principal)
    async with acting(test_app, principal) as service:
        with pytest.raises(NotYourAccount) as rejected:
            await service.edit(eve.user.uid, UserEdit(display_name="E"))
        assert rejected.value.context == {"scope": "users:write"}
        for refused, scope in (
            (service.delete(eve.user.uid), "users:delete"),
            (service.delete_as_admin(ada.user.uid), "users:delete"),
            (service.set_roles(ada.user.uid, [Role.ADMIN]), "roles:write"),
            (service.create(UserDraft("n@example.com", PASSWORD, "N")), "users:write"),
            (reader.get(eve.user.id), "users:read"),
            (reader.page(None, 1), "users:read"),
            (reader.offset_page(0, 1), "users:read"),
            (reader.count(), "users:read"),
        ):
            with pytest.raises(InsufficientPermissions) as denied:
                await refused
            assert denied.value.context == {"scope": scope}
    for ref in (ada.user.id, ada.user.uid):
        assert (await reader.get(ref)).uid == ada.user.uid
    assert (await reader.me()).uid == ada.user.uid


@pytest.mark.parametrize(
    ("lacks", "act"),
    [
        ("users:read", lambda service, _: service.create(UserDraft("n@example.com", PASSWORD, "N"))),
        ("users:read", lambda service, uid: service.set_roles(uid, [Role.READER])),
        ("users:read", lambda service, uid: service.edit(uid, UserEdit(display_name="A"))),
        ("profile:read", lambda service, uid: service.edit(uid, UserEdit(display_name="A"))),
    ],
)
async def test_a_response_that_shows_a_user_needs_the_permission_to_read(
    test_app: TestApp, lacks: str, act: Any
) -> None:
    ada = await test_app.person("ada@example.com")
    person, root = await admin(test_app)
    caller = Principal(root.user_id, root.user_uid, root.roles, root.permissions - {lacks})
    async with acting(test_app, caller) as service:
        with pytest.raises(InsufficientPermissions) as denied:
            await act(service, (person if lacks == "profile:read" else ada).user.uid)
    assert denied.value.context == {"scope": lacks}


async def test_an_unknown_user_is_not_found(test_app: TestApp) -> None:
    _, root = await admin(test_app)
    for ref in (2**40, UUID(int=7)):
        async with acting(test_app, root) as service:
            for attempt in (
                service.edit(ref, UserEdit(display_name="A")),
                service.set_roles(ref, [Role.READER]),
                service.set_roles(ref, [Role.ADMIN]),
                service.delete(ref),
                service.delete_as_admin(ref),
                UserReader(test_app.runtime.database.reads, root).get(ref),
            ):
                with pytest.raises(UserNotFound):
                    await attempt
