"""The users, posts, sessions and keys of the truth tables, in one transaction; each request is rolled back."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final

import httpx2
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.commands import KeyDraft
from app.access.permissions import key_scopes
from app.access.principal import Role
from app.access.service import ApiKeyService
from app.auth.tokens import TokenType
from app.http.auth import AuthComponent
from app.http.runtime import Runtime
from app.kit.clock import utc_now
from app.main import create_app
from app.models import Post, Session
from app.settings.root import Settings
from tests.support.app import Person, TestApp
from tests.support.presigned import sign_urls
from tests.support.rollback_database import RollbackDatabase

Headers = dict[str, str]

ROLES: Final = {
    "unverified": Role.AUTHOR,
    "reader": Role.READER,
    "author": Role.AUTHOR,
    "other": Role.AUTHOR,
    "moderator": Role.MODERATOR,
    "admin": Role.ADMIN,
    "deactivated": Role.AUTHOR,
}
"""The callers with a user. "author" wrote the posts, "other" is another author. "anonymous" has no user,
"old-author" and "old-admin" are the author and the admin with a session that is no fresh proof of identity."""
BYSTANDERS: Final = {"peer": Role.AUTHOR, "second admin": Role.ADMIN, "deleted": Role.AUTHOR}
"""Users that are the object of requests but never send one."""
STATUSES: Final = ("published", "draft", "archived")
_ID: Final = "SELECT coalesce(max(id), 0) FROM events"
_VOLATILE: Final = {"api_keys": "last_used_at"}
"""Columns that every request may change."""


def address(label: str) -> str:
    """The e-mail address of a user of the tables."""
    return f"{label.replace(' ', '.')}@example.com"


class World:
    """One application with the callers of the tables."""

    def __init__(self, test_app: TestApp, database: RollbackDatabase) -> None:
        self.test_app = test_app
        self.database = database
        self.client = test_app.client()
        self.people: dict[str, Person] = {}
        self.posts: dict[str, Post] = {}
        self.callers: dict[str, list[Headers]] = {"anonymous": [{}]}
        """The credentials of each caller: a session, and for a deactivated user a key, too."""
        self.sessions: dict[str, Session] = {}
        """The session of each caller."""
        self._keys: dict[tuple[str, frozenset[str]], Headers] = {}
        self._fingerprint = ""

    @classmethod
    async def create(cls, settings: Settings, connection: AsyncConnection) -> "World":
        """Add the users and their posts."""
        database = await RollbackDatabase.of(connection)
        runtime = Runtime.build(settings, database)
        world = cls(TestApp(create_app(settings), runtime), database)
        sign_urls(world.test_app)
        # No user has the id of a post, so a mix-up of the two fails.
        await world.value("SELECT setval(pg_get_serial_sequence('users', 'id'), 70000)")
        for label, role in (ROLES | BYSTANDERS).items():
            verified = label != "unverified"
            world.people[label] = await world.test_app.person(address(label), role, verified=verified)
        for label in ROLES:
            await world._sign_in(label)
        for label in ("author", "admin"):
            world.people[f"old-{label}"] = world.people[label]
            await world._sign_in(f"old-{label}", fresh=False)
        await world._end_credentials()
        world.callers["deactivated"].append(world.people["deactivated"].headers)
        await world._add_posts()
        await world.execute("UPDATE users SET is_active = false WHERE email = $1", address("deactivated"))
        await world.execute("DELETE FROM users WHERE email = $1", address("deleted"))
        await world.execute("DELETE FROM posts WHERE title = 'deleted stone'")
        world._fingerprint = await world._fingerprint_query()
        return world

    async def _add_posts(self) -> None:
        now = utc_now()
        author = self.people["author"].user.id
        async with self.database.write() as session:
            for name in (*STATUSES, "deleted"):
                status = name if name in STATUSES else "published"
                self.posts[name] = Post(
                    author_id=author,
                    title=f"{name} stone",
                    content="c",
                    status=status,
                    published_at=None if status == "draft" else now,
                    created_at=now,
                    updated_at=now,
                )
            session.add_all(self.posts.values())

    @asynccontextmanager
    async def rolled_back(self) -> AsyncIterator[None]:
        """Roll back everything that the block does."""
        savepoint = await self.database.connection.begin_nested()
        try:
            yield
        finally:
            await savepoint.rollback()

    async def _sign_in(self, label: str, *, fresh: bool = True) -> None:
        token, self.sessions[label] = await self.start_session(label, fresh=fresh)
        self.callers[label] = [{"Authorization": f"Bearer {token}"}]

    async def _end_credentials(self) -> None:
        """Credentials of the author that were valid, and a session of another user in a token of the author."""
        author = self.people["ended"] = self.people["author"]
        tokens, sessions = zip(*[await self.start_session("author") for _ in range(2)], strict=True)
        for session, change in zip(sessions, ("revoked_at", "expires_at"), strict=True):
            await self.execute(
                f"UPDATE sessions SET {change} = clock_timestamp() - interval '1 minute' WHERE id = $1",  # noqa: S608 - a constant
                session.id,
            )
        signer = self.test_app.runtime.get(AuthComponent).signer
        foreign = signer.issue(TokenType.ACCESS, subject=author.user.uid, session=self.sessions["other"].uid)
        self.callers["ended"] = [{"Authorization": f"Bearer {token}"} for token in (*tokens, foreign)]
        for change in ("revoked_at", "expires_at"):
            key = await self.key_of("author", {"posts:read", "profile:read"})
            self._keys.clear()
            await self.execute(
                f"UPDATE api_keys SET {change} = clock_timestamp() - interval '1 minute'"  # noqa: S608 - a constant
                " WHERE id = (SELECT max(id) FROM api_keys)"
            )
            self.callers["ended"].append(key)

    async def start_session(self, label: str, *, fresh: bool = True) -> tuple[str, Session]:
        """An access token and its new session, which began now, or an hour ago."""
        now = utc_now()
        # A fresh session stays fresh however long the tests take.
        created = now + timedelta(days=1) if fresh else now - timedelta(hours=1)
        user = self.people[label].user
        async with self.database.write() as transaction:
            session = Session(user_id=user.id, created_at=created, last_used_at=now, expires_at=now + timedelta(days=2))
            transaction.add(session)
        signer = self.test_app.runtime.get(AuthComponent).signer
        return signer.issue(TokenType.ACCESS, subject=user.uid, session=session.uid), session

    async def key_of(self, label: str, scopes: Iterable[str]) -> Headers:
        """Headers with a key of this user with these scopes. Call it outside ``rolled_back``: keys are reused."""
        wanted = frozenset(scopes)
        if (label, wanted) not in self._keys:
            async with self.database.write() as session:
                draft = KeyDraft(self.people[label].user.id, "truth", sorted(wanted))
                _, text = await ApiKeyService(session).create(draft)
            self._keys[label, wanted] = {"X-API-Key": text}
        return self._keys[label, wanted]

    async def send(self, method: str, url: str, **options: Any) -> httpx2.Response:
        """Send a request without the cookies of earlier ones; the response is checked against the contract."""
        self.client.cookies.clear()
        return await self.client.request(method, url, **options)

    async def execute(self, statement: str, *values: object) -> None:
        """Run a statement that bypasses the application."""
        async with self.database.as_owner() as owner:
            await owner.execute(statement, *values)

    async def value(self, query: str, *values: object) -> Any:
        """The first value of a query that bypasses the application."""
        async with self.database.as_owner() as owner:
            return await owner.fetchval(query, *values)

    async def last_event(self) -> int:
        """The id of the newest event."""
        number: int = await self.value(_ID)
        return number

    async def events_since(self, number: int) -> Sequence[str]:
        """The types of the events after the one with this id."""
        rows = await self.database.driver.fetch("SELECT type FROM events WHERE id > $1 ORDER BY id", number)
        return [row["type"] for row in rows]

    async def fingerprint(self) -> str:
        """A digest of every row that requests can change."""
        found: str = await self.value(self._fingerprint)
        return found

    async def _fingerprint_query(self) -> str:
        tables = await self.database.driver.fetch(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            # A rejection is a row of the audit trail.
            " AND tablename NOT LIKE 'alembic%' AND tablename NOT LIKE 'audit%' ORDER BY 1"
        )
        parts = []
        for (table,) in tables:
            row = f"to_jsonb(t) - '{_VOLATILE[table]}'" if table in _VOLATILE else "t"
            digest = f"md5(({row})::text)"
            parts.append(f"(SELECT coalesce(string_agg({digest}, '' ORDER BY {digest}), '') FROM {table} t)")  # noqa: S608 - names from the catalogue
        return f"SELECT md5({' || '.join(parts)})"


def keys_to_try(needed: Iterable[str]) -> list[frozenset[str]]:
    """No scope, each scope alone, the needed ones, each without one of them, and all."""
    every, wanted = frozenset(key_scopes()), frozenset(needed) & key_scopes()
    sets = [
        frozenset[str](),
        *(frozenset({scope}) for scope in sorted(every)),
        *(every - {scope} for scope in sorted(wanted)),
        wanted,
        every,
    ]
    return list(dict.fromkeys(sets))
