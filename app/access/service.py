"""Resolving callers, and the keys they call with."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from app.access import keys
from app.access.principal import Permission, Plan, Principal, Role
from app.access.repository import LAST_USED_GRANULARITY, ApiKeyRepository, PrincipalQueries
from app.errors import InvalidValue, NotFound, Unauthenticated
from app.kit.clock import utc_now
from app.kit.db.sessions import ReadSession, WriteSession
from app.models import ApiKey

_KNOWN_SCOPES: Final = frozenset(Permission)


class InvalidCredentials(Unauthenticated):
    """One answer for every bad token or key: which check failed is nobody's business."""

    code = "invalid_token"
    detail = "Could not validate credentials"


class ImplausibleCredentials(InvalidCredentials):
    """Refused for what they are, with nothing looked up: nobody learns a key or a session by sending these."""


class ApiKeyNotFound(NotFound):
    code = "api_key_not_found"
    detail = "There is no such API key."


class UnknownScope(InvalidValue):
    code = "unknown_scope"


class PrincipalResolver:
    """Turns proven credentials into a principal; asks the database each time, so that a revocation holds at once."""

    def __init__(self, reads: ReadSession) -> None:
        self._repository = PrincipalQueries(reads)

    async def by_session(self, user_uid: UUID, session_uid: UUID) -> Principal:
        """Raises ``InvalidCredentials`` for a session or user that is gone, revoked, expired or deactivated."""
        row = await self._repository.by_session(user_uid, session_uid, utc_now())
        if row is None:
            raise InvalidCredentials
        return Principal(
            user_id=row["id"],
            user_uid=row["uid"],
            roles=tuple(Role(role) for role in row["roles"]),
            permissions=frozenset(row["permissions"]),
            session_uid=session_uid,
        )

    async def by_key(self, text: str) -> tuple[Principal, bool]:
        """The principal, and whether the key's last use should be noted.

        Raises ``InvalidCredentials`` for a key that is malformed, unknown, revoked, expired, or of a deactivated user.
        """
        if not keys.well_formed(text):
            raise ImplausibleCredentials
        now = utc_now()
        row = await self._repository.by_key(keys.digest(text), now)
        if row is None:
            raise InvalidCredentials
        principal = Principal(
            user_id=row["id"],
            user_uid=row["uid"],
            roles=tuple(Role(role) for role in row["roles"]),
            permissions=frozenset(row["permissions"]) & frozenset(row["scopes"]),
            plan=Plan(row["plan"]),
            key_uid=row["key_uid"],
            early_brownout_until=row["early_brownout_until"],
        )
        last_used_at = row["last_used_at"]
        return principal, last_used_at is None or last_used_at < now - LAST_USED_GRANULARITY


@dataclass(frozen=True, slots=True)
class KeyDraft:
    """A key to be made. ``lifetime`` None: until revoked."""

    user_id: int
    name: str
    scopes: Sequence[str]
    mode: keys.Mode = "test"
    plan: Plan = Plan.FREE
    lifetime: timedelta | None = None


class ApiKeyService:
    """Makes, lists and revokes keys."""

    def __init__(self, session: WriteSession) -> None:
        self._repository = ApiKeyRepository(session)

    def create(self, draft: KeyDraft) -> tuple[ApiKey, str]:
        """The stored key and its text, which cannot be had again. Raises ``UnknownScope``."""
        if unknown := set(draft.scopes) - _KNOWN_SCOPES:
            message = f"Unknown scopes: {', '.join(sorted(unknown))}. Known: {', '.join(sorted(_KNOWN_SCOPES))}."
            raise UnknownScope(message)
        text = keys.generate(draft.mode)
        now = utc_now()
        key = ApiKey(
            user_id=draft.user_id,
            name=draft.name,
            hint=keys.hint(text),
            digest=keys.digest(text),
            scopes=sorted(set(draft.scopes)),
            plan=draft.plan,
            created_at=now,
            expires_at=now + draft.lifetime if draft.lifetime is not None else None,
        )
        self._repository.add(key)
        return key, text

    async def list_all(self) -> list[tuple[ApiKey, str]]:
        """Every key with its owner's address."""
        return await self._repository.list_all()

    async def revoke(self, uid: UUID, at: datetime | None = None) -> None:
        """End a key at once. Raises ``ApiKeyNotFound``."""
        if not await self._repository.revoke(uid, at or utc_now()):
            raise ApiKeyNotFound

    async def brown_out_early(self, principal: Principal, uid: UUID, until: datetime | None) -> None:
        """Let deprecated versions refuse a key for a while, or no longer (``None``): its owner may, and whoever may
        write users.

        Raises ``Unauthenticated``, ``ApiKeyNotFound`` for a key that is not there or not the caller's.
        """
        owner_id = None if principal.may(Permission.USERS_WRITE) else principal.signed_in().user_id
        if not await self._repository.brown_out_early(uid, until, owner_id):
            raise ApiKeyNotFound

    async def note_use(self, uid: UUID) -> None:
        """Remember that a key was used."""
        await self._repository.touch(uid, utc_now())
