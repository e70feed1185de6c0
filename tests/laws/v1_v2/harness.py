"""The application over one transaction of a real PostgreSQL, in which each example is rolled back."""

import asyncio
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

import httpx2
from sqlalchemy.pool import NullPool

from app.access.commands import KeyDraft
from app.access.permissions import key_scopes
from app.access.principal import Role
from app.access.service import ApiKeyService
from app.auth.tokens import TokenType
from app.http.auth import AuthComponent
from app.http.identities import IdentityComponent
from app.http.runtime import Runtime
from app.kit.clock import utc_now
from app.kit.mail.message import Mail
from app.main import create_app
from app.models import Session, User
from app.posts.policy import PostPermission
from app.settings.auth import AuthSettings
from app.settings.root import Settings
from tests.support.app import PASSWORD, TestApp
from tests.support.hostile_provider import hostile_provider
from tests.support.rollback_database import RollbackDatabase, shared_engine
from versions.kit.typeid import decode, encode

T = TypeVar("T")


class VersionClient:
    """One caller's client of one version. Every response is checked against the version's frozen contract."""

    def __init__(self, harness: "VersionsHarness", version: str, headers: dict[str, str]) -> None:
        self._harness = harness
        self._prefix = f"/api/{version}"
        self._headers = headers

    def call(self, method: str, path: str, **options: Any) -> httpx2.Response:
        headers = self._headers | options.pop("headers", {})
        return self._harness.request(method, self._prefix + path, headers=headers, **options)

    def get(self, path: str, **params: Any) -> httpx2.Response:
        return self.call("GET", path, params=params)

    def post(self, path: str, body: Any = None, **options: Any) -> httpx2.Response:
        return self.call("POST", path, json=body, **options)

    def put(self, path: str, body: Any) -> httpx2.Response:
        return self.call("PUT", path, json=body)

    def patch(self, path: str, body: Any, **options: Any) -> httpx2.Response:
        return self.call("PATCH", path, json=body, **options)

    def delete(self, path: str, **options: Any) -> httpx2.Response:
        return self.call("DELETE", path, **options)

    def submit(self, path: str, **form: str) -> httpx2.Response:
        return self.call("POST", path, data=form)


@dataclass(frozen=True, eq=False)
class Caller:
    """A caller of both versions. ``number`` is the id in v1, ``name`` the id in v2; anonymous callers have neither."""

    label: str
    number: int
    name: str
    email: str
    v1: VersionClient
    v2: VersionClient

    def __repr__(self) -> str:
        return self.label


class VersionsHarness:
    """One application, its callers, and an event loop for synchronous tests."""

    def __init__(self, dsn: str, settings: Settings) -> None:
        self._loop = asyncio.new_event_loop()
        self._engine = shared_engine(dsn, poolclass=NullPool)
        self._connection = self.run(self._engine.connect())
        self._transaction = self.run(self._connection.begin())
        self._database = self.run(RollbackDatabase.of(self._connection))
        auth = settings[AuthSettings].model_copy(update={"access_ttl": 86_400})
        self._provider = hostile_provider()
        self.provider = self.run(self._provider.__aenter__())
        settings = settings.with_groups(auth, self.provider.settings())
        runtime = Runtime.build(settings, self._database)
        self._test_app = TestApp(create_app(settings), runtime)
        self._providers = runtime.get(IdentityComponent).running()
        self.run(self._providers.__aenter__())
        self._client = self._test_app.client()
        self._hash = self.run(runtime.get(AuthComponent).passwords.hash(PASSWORD))
        # No user has the number of a post, so a mapping that confuses the two fails.
        self.fetch("SELECT setval(pg_get_serial_sequence('users', 'id'), 70000)")
        self.stranger = self._caller("stranger", 0, "", "", {})
        self.ada = self.person("ada", Role.AUTHOR)
        self.bob = self.person("bob", Role.AUTHOR)
        self.reader = self.person("rita", Role.READER)
        self.moderator = self.person("mona", Role.MODERATOR)
        self.admin = self._signed_in(self.person("root", Role.ADMIN))
        self.other_admin = self.person("toor", Role.ADMIN)
        self.narrow = self.person("nina", Role.ADMIN, scopes=[PostPermission.READ])
        self.forged = self._caller("forged", 0, "", "", {"Authorization": "Bearer sk_live_forged"})

    @property
    def callers(self) -> Sequence[Caller]:
        """Every caller, with every combination of permissions."""
        return (
            *(self.stranger, self.ada, self.bob, self.reader, self.moderator, self.admin, self.narrow),
            self.forged,
        )

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(work)

    def request(self, method: str, url: str, **options: Any) -> httpx2.Response:
        return self.run(self._client.request(method, url, **options))

    @contextmanager
    def rolled_back(self) -> Iterator[None]:
        """Roll back everything that the block does."""
        savepoint = self.run(self._connection.begin_nested())
        try:
            yield
        finally:
            self.run(savepoint.rollback())

    def close(self) -> None:
        self.run(self._client.aclose())
        self.run(self._providers.__aexit__(None, None, None))
        self.run(self._provider.__aexit__(None, None, None))
        self.run(self._transaction.rollback())
        self.run(self._connection.close())
        self.run(self._engine.dispose())
        self._loop.close()

    def fetch(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of a statement that bypasses the application."""
        return [tuple(row) for row in self.run(self._fetch(query, *values))]

    async def _fetch(self, query: str, *values: Any) -> list[Any]:
        async with self._database.as_owner() as owner:
            return await owner.fetch(query, *values)

    def person(self, label: str, *roles: Role, scopes: Sequence[str] | None = None, verified: bool = True) -> Caller:
        """A new caller with these roles, the common password and a key with these scopes."""
        email = f"{label}@example.com"
        user, key = self.run(self._add(email, label.title(), roles, scopes, verified=verified))
        return self._caller(label, user.id, encode("usr", user.uid), email, {"X-API-Key": key})

    async def _add(
        self, email: str, name: str, roles: Sequence[Role], scopes: Sequence[str] | None, *, verified: bool
    ) -> tuple[User, str]:
        async with self._database.write() as session:
            user = User(
                email=email,
                display_name=name,
                password_hash=self._hash,
                roles=[role.value for role in roles],
                is_verified=verified,
            )
            session.add(user)
            await session.flush()
            granted = sorted(key_scopes()) if scopes is None else scopes
            _, key = await ApiKeyService(session).create(KeyDraft(user.id, "laws", granted))
        return user, key

    def _signed_in(self, caller: Caller) -> Caller:
        """The same user with a session that stays fresh, since a key cannot change credentials."""
        return replace(
            self.holder(self.run(self._start_session(caller.number))),
            label=caller.label,
            number=caller.number,
            name=caller.name,
            email=caller.email,
        )

    async def _start_session(self, user_id: int) -> str:
        now = utc_now()
        later = now + timedelta(days=1)
        async with self._database.write() as transaction:
            session = Session(user_id=user_id, created_at=later, last_used_at=now, expires_at=later)
            transaction.add(session)
            await transaction.flush()
            user = await transaction.get_one(User, user_id)
        signer = self._test_app.runtime.get(AuthComponent).signer
        return signer.issue(TokenType.ACCESS, subject=user.uid, session=session.uid)

    def holder(self, token: str) -> Caller:
        """A caller with this access token."""
        return self._caller("holder", 0, "", "", {"Authorization": f"Bearer {token}"})

    def mails(self) -> list[Mail]:
        """The mails of the jobs queued since the last call."""
        return self.run(self._test_app.deliver())

    def number_of(self, kind: str, name: str) -> int | None:
        """The v1 id of a v2 id, from the database; None when nothing has this id."""
        prefix, table = {"user": ("usr", "users"), "post": ("post", "posts"), "file": ("file", "files")}[kind]
        found = self.fetch(f"SELECT id FROM {table} WHERE uid = $1", decode(prefix, name))  # noqa: S608 - our own
        return found[0][0] if found else None

    def name_of_post(self, number: int) -> str:
        """The v2 id of a post with this v1 id."""
        ((uid,),) = self.fetch("SELECT uid FROM posts WHERE id = $1", number)
        return encode("post", uid)

    def events(self) -> list[tuple[str, UUID, str]]:
        """All events, oldest first: type, subject, payload."""
        return self.fetch("SELECT type, subject_uid, payload::text FROM events ORDER BY id")

    def _caller(self, label: str, number: int, name: str, email: str, headers: dict[str, str]) -> Caller:
        return Caller(
            label, number, name, email, VersionClient(self, "v1", headers), VersionClient(self, "v2", headers)
        )
