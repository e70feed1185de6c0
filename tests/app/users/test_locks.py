"""Two changes of users at once: the second one considers what the first has committed."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from app.access.passwords import PasswordHasher
from app.access.principal import Principal, Role
from app.access.proof import OperatorProof
from app.access.user_deletion import before_deletion
from app.events.recorder import EventRecorder
from app.kit.db.sessions import WriteSession
from app.kit.queue.job_queue import JobQueue
from app.models import User
from app.users.commands import UserEdit
from app.users.errors import LastAdmin
from app.users.repository import UserRepository
from app.users.service import UserService
from app.users.views import UserView
from tests.support.app import Person, TestApp
from tests.support.transactions import ensure_locked_first, overlap, rows
from tests.support.users import acting, admin, principal_of

Act = Callable[[UserService, Person], Awaitable[Any]]
ENDS: dict[str, Act] = {
    "deactivate": lambda users, person: users.edit(person.user.uid, UserEdit(is_active=False)),
    "another address": lambda users, person: users.edit(person.user.uid, UserEdit(email=f"new.{person.user.email}")),
    "set_roles": lambda users, person: users.set_roles(person.user.uid, [Role.READER]),
    "delete": lambda users, person: users.delete(person.user.uid),
}


def changes(principal: Principal, act: Act, person: Person) -> Callable[[WriteSession], Awaitable[Any]]:
    async def work(session: WriteSession) -> Any:
        events = EventRecorder(session, principal.user_uid)
        users = UserService(
            session,
            principal,
            events,
            JobQueue(session),
            PasswordHasher(1),
            OperatorProof(),
            before_deletion(session, events),
        )
        return await act(users, person)

    return work


@pytest.mark.parametrize("way", ENDS)
async def test_of_two_admins_who_leave_at_once_one_stays(concurrent_app: TestApp, way: str) -> None:
    found = [await admin(concurrent_app, name) for name in ("first", "second")]
    works = [changes(principal, ENDS[way], person) for person, principal in found]
    _, second = await overlap(concurrent_app, *works)
    assert type(second) is LastAdmin


async def test_the_second_of_two_edits_shows_the_first(concurrent_app: TestApp) -> None:
    _, root = await admin(concurrent_app)
    ada = await concurrent_app.person("ada@example.com")
    first = changes(root, lambda users, person: users.edit(person.user.uid, UserEdit(display_name="A")), ada)
    second = changes(root, lambda users, person: users.set_roles(person.user.uid, [Role.READER]), ada)
    _, view = await overlap(concurrent_app, first, second)
    assert isinstance(view, UserView)
    assert (view.display_name, view.roles, view.revision) == ("A", (Role.READER,), 3)


async def test_without_any_admin_others_may_still_leave(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    async with acting(test_app, await principal_of(test_app, ada)) as service:
        await service.delete(ada.user.uid)


async def test_admins_are_locked_in_the_order_of_their_ids(concurrent_app: TestApp) -> None:
    """Two changes of admins that lock them in different orders would wait for each other."""
    (first, _), (second, _) = [await admin(concurrent_app, name) for name in ("first", "second")]
    await ensure_locked_first(
        concurrent_app,
        "users",
        f"id = {first.user.id}",
        f"id = {second.user.id}",
        lambda session: UserRepository(session).lock_admins(second.user.id),
    )


async def test_a_locked_user_is_read_as_it_is_now(concurrent_app: TestApp) -> None:
    """Although the transaction has read it before another one changed it."""
    ada = await concurrent_app.person("ada@example.com")
    async with concurrent_app.runtime.database.write() as session:
        known = await session.get(User, ada.user.id)
        assert known is not None
        await rows(concurrent_app, "UPDATE users SET display_name = 'changed'")
        repository = UserRepository(session)
        for found in (await repository.lock(ada.user.uid), await repository.lock_by_email(ada.user.email)):
            assert found is known
            assert found.display_name == "changed"
