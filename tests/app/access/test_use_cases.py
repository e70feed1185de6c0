"""Every use case checks permissions itself: a caller that no route has checked gets no further.

Routes reject a request that lacks a declared permission before they call a use case. A missing check is therefore not
visible over HTTP, until an operation forgets to declare what it needs.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import pytest

from app.access.commands import KeyEdit, OwnKeyDraft
from app.access.own_keys import OwnKeyService
from app.access.permissions import declared_permissions
from app.access.principal import Principal, Role
from app.access.proof import OperatorProof
from app.access.reader import ApiKeyReader
from app.access.user_deletion import before_deletion
from app.auth.reader import SessionReader
from app.auth.reauthentication import PasswordProof
from app.errors import InsufficientPermissions, Unauthenticated
from app.events.recorder import EventRecorder
from app.http.auth import AuthComponent
from app.kit.db.sessions import WriteSession
from app.kit.queue.job_queue import JobQueue
from app.posts.commands import DeletePost, OffsetPage, PostDraft, PostEdit, PostFilter, Sort, SortField
from app.posts.reader import PostReader
from app.posts.service import PostService
from app.posts.view_counter import PostViewCounter
from app.posts.views import PostStatus
from app.users.commands import UserDraft, UserEdit
from app.users.reader import UserReader
from app.users.service import UserService
from tests.support.app import PASSWORD, Person, TestApp
from tests.support.limits import FREE

MISSING: Final = 999_999
UNKNOWN: Final = UUID(int=0)


@dataclass(frozen=True)
class Services:
    """The use cases of one caller."""

    test_app: TestApp
    session: WriteSession
    principal: Principal
    own: int

    @property
    def posts(self) -> PostService:
        return PostService(self.session, self.principal, self._events)

    @property
    def users(self) -> UserService:
        passwords = self.test_app.runtime.get(AuthComponent).passwords
        jobs = JobQueue(self.session)
        closing = before_deletion(self.session, self._events)
        return UserService(self.session, self.principal, self._events, jobs, passwords, OperatorProof(), closing)

    @property
    def post_reader(self) -> PostReader:
        return PostReader(self.test_app.runtime.database.reads, self.principal)

    @property
    def post_views(self) -> PostViewCounter:
        return PostViewCounter(self.session, self.principal)

    @property
    def user_reader(self) -> UserReader:
        return UserReader(self.test_app.runtime.database.reads, self.principal)

    @property
    def sessions(self) -> SessionReader:
        return SessionReader(self.test_app.runtime.database.reads, self.principal)

    @property
    def key_reader(self) -> ApiKeyReader:
        return ApiKeyReader(self.test_app.runtime.database.reads, self.principal)

    @property
    def keys(self) -> OwnKeyService:
        return OwnKeyService(self.session, self.principal, FREE.caps, self._events, self.proof)

    @property
    def proof(self) -> PasswordProof:
        auth = self.test_app.runtime.get(AuthComponent)
        return PasswordProof(
            self.test_app.runtime.database.reads,
            auth.passwords,
            auth.throttles.of("192.0.2.1"),
            auth.attempts,
            self._events.audit,
        )

    @property
    def _events(self) -> EventRecorder:
        return EventRecorder(self.session, self.principal.user_uid)


UseCase = Callable[[Services], Awaitable[Any]]
DRAFT: Final = PostDraft(title="T", content="c", status=PostStatus.DRAFT)
NEW: Final = UserDraft("new@example.com", PASSWORD, "New")
KEY: Final = OwnKeyDraft("k", ["posts:read"], "live", None)
PAGE: Final = OffsetPage(Sort(SortField.CREATED_AT, descending=True), 0, 10)

USE_CASES: Final[Mapping[str, tuple[str, UseCase]]] = {
    "post_reader.get": ("posts:read", lambda of: of.post_reader.get(MISSING)),
    "post_reader.counted_page": ("posts:read", lambda of: of.post_reader.counted_page(PostFilter(), PAGE)),
    "post_reader.search": ("posts:read", lambda of: of.post_reader.search("a", None, 10)),
    "post_views.count": ("posts:read", lambda of: of.post_views.count(MISSING)),
    "posts.create": ("posts:write posts:read", lambda of: of.posts.create(DRAFT)),
    "posts.edit": ("posts:write posts:read", lambda of: of.posts.edit(MISSING, PostEdit())),
    "posts.delete": ("posts:write", lambda of: of.posts.delete(MISSING)),
    "posts.batch": ("posts:write", lambda of: of.posts.batch([DeletePost(MISSING)], atomic=True)),
    "user_reader.me": ("profile:read", lambda of: of.user_reader.me()),
    "user_reader.get own": ("profile:read", lambda of: of.user_reader.get(of.own)),
    "user_reader.get": ("users:read", lambda of: of.user_reader.get(MISSING)),
    "user_reader.page": ("users:read", lambda of: of.user_reader.page(None, 10)),
    "user_reader.offset_page": ("users:read", lambda of: of.user_reader.offset_page(0, 10)),
    "user_reader.count": ("users:read", lambda of: of.user_reader.count()),
    "users.create": ("users:write users:read", lambda of: of.users.create(NEW)),
    "users.edit own": ("profile:write profile:read", lambda of: of.users.edit(of.own, UserEdit())),
    "users.edit": ("users:read", lambda of: of.users.edit(MISSING, UserEdit())),
    "users.set_roles": ("roles:write users:read", lambda of: of.users.set_roles(MISSING, [Role.READER])),
    "users.delete own": ("profile:write", lambda of: of.users.delete(of.own)),
    "users.delete": ("users:delete", lambda of: of.users.delete(MISSING)),
    "users.delete_as_admin": ("users:delete", lambda of: of.users.delete_as_admin(MISSING)),
    "sessions.page": ("credentials:write", lambda of: of.sessions.page(None, 10)),
    "sessions.get": ("credentials:write", lambda of: of.sessions.get(UNKNOWN)),
    "key_reader.page": ("credentials:write", lambda of: of.key_reader.page(None, 10)),
    "key_reader.page_of_all": ("keys:admin", lambda of: of.key_reader.page_of_all(None, 10)),
    "key_reader.get": ("credentials:write", lambda of: of.key_reader.get(UNKNOWN)),
    "keys.create": ("credentials:write", lambda of: of.keys.create(KEY)),
    "keys.edit": ("credentials:write", lambda of: of.keys.edit(UNKNOWN, KeyEdit())),
    "keys.rotate": ("credentials:write", lambda of: of.keys.rotate(UNKNOWN, timedelta())),
    "keys.revoke": ("credentials:write", lambda of: of.keys.revoke(UNKNOWN)),
    "keys.revoke_any": ("keys:admin", lambda of: of.keys.revoke_any(UNKNOWN)),
    "proof.ensure": ("credentials:write", lambda of: of.proof.ensure(of.principal, PASSWORD)),
}
"""What each use case needs; ``users.edit`` of another user without ``users:write`` is ``NotYourAccount``."""
EVERY: Final = frozenset(declared_permissions())
ANYBODY: Final = {"post_reader.get", "post_reader.counted_page", "post_reader.search", "post_views.count"}
"""Use cases that anonymous callers may use."""


def principal_of(person: Person, permissions: frozenset[str]) -> Principal:
    return Principal(person.user.id, person.user.uid, (Role.ADMIN,), permissions)


async def run(test_app: TestApp, principal: Principal, own: int, use_case: UseCase) -> None:
    async with test_app.runtime.database.write() as session:
        await use_case(Services(test_app, session, principal, own))


@pytest.mark.parametrize("name", USE_CASES)
async def test_every_needed_permission(test_app: TestApp, name: str) -> None:
    needed, use_case = USE_CASES[name]
    ada = await test_app.person("ada@example.com", Role.ADMIN)
    for permission in needed.split():
        with pytest.raises(InsufficientPermissions) as raised:
            await run(test_app, principal_of(ada, EVERY - {permission}), ada.user.id, use_case)
        assert raised.value.context["scope"] == permission


@pytest.mark.parametrize("name", USE_CASES)
async def test_anonymous_callers(test_app: TestApp, name: str) -> None:
    """Signing in is needed even if anonymous callers had every permission."""
    _, use_case = USE_CASES[name]
    ada = await test_app.person("ada@example.com", Role.ADMIN)
    if name in ANYBODY:
        with pytest.raises(InsufficientPermissions):
            await run(test_app, Principal(None, None, (), frozenset()), ada.user.id, use_case)
        return
    with pytest.raises(Unauthenticated):
        await run(test_app, Principal(None, None, (), EVERY), ada.user.id, use_case)


async def test_a_user_who_was_deactivated_meanwhile_stays_deactivated(test_app: TestApp) -> None:
    """The principal was resolved before an admin deactivated the user."""
    ada = await test_app.person("ada@example.com")
    async with test_app.runtime.database.write() as session:
        await (await session.driver()).execute("UPDATE users SET is_active = false")
    principal = principal_of(ada, EVERY - {"users:write"})
    with pytest.raises(InsufficientPermissions):
        await run(test_app, principal, ada.user.id, lambda of: of.users.edit(of.own, UserEdit(is_active=True)))
