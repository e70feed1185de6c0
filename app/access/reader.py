"""Resolves verified credentials to a principal, and reads API keys."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from app.access import keys
from app.access.errors import ApiKeyNotFound, ImplausibleCredentials, InvalidCredentials
from app.access.permissions import key_scopes
from app.access.policy import AccessPermission
from app.access.principal import Principal, Role
from app.access.queries import AccessQueries, ApiKeyQueries
from app.access.views import ApiKeyView
from app.kit.clock import utc_now
from app.kit.db.keyset import Position, Slice
from app.kit.db.sessions import ReadSession, Row


class PrincipalResolver:
    """Looks the caller up in the database on each request, so that a revocation takes effect at once."""

    def __init__(self, reads: ReadSession) -> None:
        self._queries = AccessQueries(reads)

    async def by_session(self, user_uid: UUID, session_uid: UUID) -> Principal:
        """Raises ``InvalidCredentials`` for an unknown, revoked or expired session and for a deactivated user."""
        row = await self._queries.by_session(user_uid, session_uid, utc_now())
        if row is None:
            raise InvalidCredentials
        return _principal(row, session_uid=session_uid, authenticated_at=row["authenticated_at"])

    async def by_user(self, uid: UUID) -> Principal:
        """The user on whose behalf a job acts. Raises ``InvalidCredentials`` for a deleted or deactivated user."""
        row = await self._queries.by_user(uid)
        if row is None:
            raise InvalidCredentials
        return _principal(row)

    async def by_key(self, text: str) -> Principal:
        """Raises ``InvalidCredentials`` for a malformed, unknown, revoked or expired key and for a deactivated user."""
        if not keys.well_formed(text):
            raise ImplausibleCredentials
        row = await self._queries.by_key(keys.digest(text), utc_now())
        if row is None:
            raise InvalidCredentials
        return _principal(
            row,
            frozenset(row["scopes"]) & key_scopes(),
            plan=keys.plan_of(text, row["plan"]),
            key_uid=row["key_uid"],
            key_family=row["key_family"],
            early_brownout_until=row["early_brownout_until"],
        )


def _principal(row: Row, scopes: Collection[str] | None = None, **facts: Any) -> Principal:
    """The user of a row, with the permissions of the roles; with an API key, with those among its ``scopes``."""
    permissions = frozenset(row["permissions"])
    return Principal(
        user_id=row["id"],
        user_uid=row["uid"],
        roles=tuple(Role(role) for role in row["roles"]),
        permissions=permissions if scopes is None else permissions.intersection(scopes),
        **facts,
    )


class ApiKeyReader:
    """Reads API keys for a session. Raises ``Unauthenticated``, and ``InsufficientPermissions`` for a key."""

    def __init__(self, reads: ReadSession, principal: Principal) -> None:
        self._queries = ApiKeyQueries(reads)
        self._principal = principal

    async def page(self, after: Position | None, limit: int) -> Slice[ApiKeyView]:
        """The caller's keys, newest first."""
        self._principal.require(AccessPermission.WRITE_CREDENTIALS)
        return await self._page(self._principal.signed_in().user_id, after, limit)

    async def page_of_all(self, after: Position | None, limit: int) -> Slice[ApiKeyView]:
        """The keys of all users, newest first."""
        self._principal.require(AccessPermission.ADMINISTER_KEYS)
        return await self._page(None, after, limit)

    async def get(self, uid: UUID) -> ApiKeyView:
        """One of the caller's keys. Raises ``ApiKeyNotFound``."""
        self._principal.require(AccessPermission.WRITE_CREDENTIALS)
        row = await self._queries.get(self._principal.signed_in().user_id, uid)
        if row is None:
            raise ApiKeyNotFound
        return ApiKeyView.from_row(row, utc_now())

    async def _page(self, user_id: int | None, after: Position | None, limit: int) -> Slice[ApiKeyView]:
        found, now = await self._queries.page(user_id, after, limit), utc_now()
        return Slice([ApiKeyView.from_row(row, now) for row in found.items], found.next_position)
