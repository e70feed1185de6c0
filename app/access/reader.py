"""Resolves verified credentials to a principal."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from app.access import keys
from app.access.errors import ImplausibleCredentials, InvalidCredentials
from app.access.permissions import key_scopes
from app.access.principal import Plan, Principal, Role
from app.access.queries import AccessQueries
from app.kit.clock import utc_now
from app.kit.db.sessions import ReadSession

LAST_USED_GRANULARITY: Final = timedelta(minutes=1)
"""The use of a key is recorded at most this often, so that most requests do not write."""


class PrincipalResolver:
    """Looks the caller up in the database on each request, so that a revocation takes effect at once."""

    def __init__(self, reads: ReadSession) -> None:
        self._queries = AccessQueries(reads)

    async def by_session(self, user_uid: UUID, session_uid: UUID) -> Principal:
        """Raises ``InvalidCredentials`` for an unknown, revoked or expired session and for a deactivated user."""
        row = await self._queries.by_session(user_uid, session_uid, utc_now())
        if row is None:
            raise InvalidCredentials
        return Principal(
            user_id=row["id"],
            user_uid=row["uid"],
            roles=tuple(Role(role) for role in row["roles"]),
            permissions=frozenset(row["permissions"]),
            session_uid=session_uid,
            authenticated_at=row["authenticated_at"],
        )

    async def by_key(self, text: str) -> tuple[Principal, bool]:
        """The principal, and whether the use of the key must be recorded.

        Raises ``InvalidCredentials`` for a malformed, unknown, revoked or expired key and for a deactivated user.
        """
        if not keys.well_formed(text):
            raise ImplausibleCredentials
        now = utc_now()
        row = await self._queries.by_key(keys.digest(text), now)
        if row is None:
            raise InvalidCredentials
        principal = Principal(
            user_id=row["id"],
            user_uid=row["uid"],
            roles=tuple(Role(role) for role in row["roles"]),
            permissions=frozenset(row["permissions"]) & frozenset(row["scopes"]) & key_scopes(),
            plan=Plan(row["plan"]),
            key_uid=row["key_uid"],
            early_brownout_until=row["early_brownout_until"],
        )
        last_used_at = row["last_used_at"]
        return principal, last_used_at is None or last_used_at < now - LAST_USED_GRANULARITY
