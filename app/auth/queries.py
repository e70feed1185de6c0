"""Reads of the auth feature."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import String, bindparam, exists, func, select

from app.kit.db.keyset import Position, Slice, apply_keyset, bind_params, page_from_rows
from app.kit.db.sessions import ReadSession, Row
from app.kit.db.statements import Read
from app.models import ActionToken, ApiKey, Identity, PendingRegistration, RolePermission, Session, User

_SESSIONS: Final = select(
    Session.id, Session.uid, Session.user_agent, Session.created_at, Session.last_used_at, Session.expires_at
).where(Session.user_id == bindparam("user_id"), Session.revoked_at.is_(None), Session.expires_at > bindparam("now"))
_KEYS: Final = ((Session.id, True),)
_FIRST_PAGE: Final = Read(apply_keyset(_SESSIONS, _KEYS, after=False))
_NEXT_PAGE: Final = Read(apply_keyset(_SESSIONS, _KEYS, after=True))
_ONE: Final = Read(_SESSIONS.where(Session.uid == bindparam("uid")))
_MAILED: Final = Read(
    select(
        ActionToken.purpose,
        ActionToken.used_at,
        ActionToken.expires_at,
        User.email,
        User.password_hash.is_(None).label("without_password"),
    )
    .join(User, User.id == ActionToken.user_id)
    .where(ActionToken.uid == bindparam("uid"))
)
_REGISTRATIONS: Final = select(
    PendingRegistration.email,
    PendingRegistration.display_name,
    PendingRegistration.network,
    PendingRegistration.created_at,
    PendingRegistration.mailed_at,
    PendingRegistration.expires_at,
)
_PENDING: Final = Read(_REGISTRATIONS.where(PendingRegistration.uid == bindparam("uid")))
_ALL_PENDING: Final = Read(
    _REGISTRATIONS.where(PendingRegistration.expires_at > bindparam("now"))
    .order_by(PendingRegistration.id.desc())
    .limit(bindparam("limit"))
)
_PENDING_PASSWORD: Final = Read(
    select(PendingRegistration.password_hash)
    .where(
        PendingRegistration.email_canonical == bindparam("canonical"), PendingRegistration.expires_at > bindparam("now")
    )
    .order_by(PendingRegistration.id.desc())
    .limit(1)
)
_ADDRESS: Final = Read(select(User.email, User.display_name).where(User.uid == bindparam("uid")))
_PERMISSIONS: Final = Read(
    select(RolePermission.permission)
    .where(RolePermission.role == func.any(bindparam("roles", type_=User.roles.type)))
    .distinct()
    .order_by(RolePermission.permission)
)


_KNOWN_FOR: Final = timedelta(days=180)
_NETWORK: Final = Read(
    select(
        exists()
        .where(User.email_canonical == bindparam("canonical", type_=String))
        .where(Session.user_id == User.id, Session.network == bindparam("network", type_=String))
        .where(Session.created_at > bindparam("since", type_=Session.created_at.type))
    )
)


_EARLIER: Final = select(Session.id).where(
    Session.user_id == bindparam("user_id"), Session.created_at > bindparam("since", type_=Session.created_at.type)
)
_NEW_NETWORK: Final = Read(
    select(_EARLIER.exists() & ~_EARLIER.where(Session.network == bindparam("network", type_=String)).exists())
)
_STARTED: Final = Read(
    select(User.email, Session.network, Session.created_at)
    .join(User, User.id == Session.user_id)
    .where(Session.uid == bindparam("uid"))
)
_VALID_KEYS: Final = Read(
    select(ApiKey.hint, ApiKey.created_at)
    .join(User, User.id == ApiKey.user_id)
    .where(User.uid == bindparam("uid"), ApiKey.revoked_at.is_(None))
    .where(func.coalesce(ApiKey.expires_at > bindparam("now", type_=ApiKey.created_at.type), True))
    .order_by(ApiKey.id)
)
_IDENTITIES: Final = Read(
    select(Identity.provider, Identity.email, Identity.created_at)
    .join(User, User.id == Identity.user_id)
    .where(User.uid == bindparam("uid"))
    .order_by(Identity.id)
)


class AuthQueries:
    """Reads sessions, permissions of roles, registrations, and the rows that the mail jobs need."""

    def __init__(self, reads: ReadSession) -> None:
        self._reads = reads

    async def sessions(self, user_id: int, now: datetime, after: Position | None, limit: int) -> Slice[Row]:
        read = _FIRST_PAGE if after is None else _NEXT_PAGE
        rows = await self._reads.all(read, user_id=user_id, now=now, limit=limit + 1, **bind_params(after))
        return page_from_rows(rows, limit, lambda row: (row["id"],))

    async def session(self, user_id: int, uid: UUID, now: datetime) -> Row | None:
        return await self._reads.one(_ONE, user_id=user_id, uid=uid, now=now)

    async def knows_network(self, canonical: str, network: str, now: datetime) -> bool:
        """Whether the user with this canonical address signed in from the network in the last 180 days."""
        found: bool = await self._reads.scalar(_NETWORK, canonical=canonical, network=network, since=now - _KNOWN_FOR)
        return found

    async def is_new_network(self, user_id: int, network: str, now: datetime) -> bool:
        """Whether the user has signed in within 180 days, but not from this network."""
        found: bool = await self._reads.scalar(_NEW_NETWORK, user_id=user_id, network=network, since=now - _KNOWN_FOR)
        return found

    async def started_session(self, uid: UUID) -> Row | None:
        """The network and the time of a sign-in, and the address of its user."""
        return await self._reads.one(_STARTED, uid=uid)

    async def valid_keys(self, user_uid: UUID, now: datetime) -> list[Row]:
        """The API keys of a user that are neither revoked nor expired, oldest first."""
        return await self._reads.all(_VALID_KEYS, uid=user_uid, now=now)

    async def identities(self, user_uid: UUID) -> list[Row]:
        """The identities of a user at providers, oldest first."""
        return await self._reads.all(_IDENTITIES, uid=user_uid)

    async def permissions(self, roles: Sequence[str]) -> list[str]:
        return [row["permission"] for row in await self._reads.all(_PERMISSIONS, roles=list(roles))]

    async def mailed_token(self, uid: UUID) -> Row | None:
        return await self._reads.one(_MAILED, uid=uid)

    async def pending_registration(self, uid: UUID) -> Row | None:
        return await self._reads.one(_PENDING, uid=uid)

    async def pending_registrations(self, now: datetime, limit: int) -> list[Row]:
        """The newest registrations whose address is not verified."""
        return await self._reads.all(_ALL_PENDING, now=now, limit=limit)

    async def pending_password(self, canonical: str, now: datetime) -> str | None:
        """The password hash of the newest pending registration of a canonical address."""
        found: str | None = await self._reads.scalar(_PENDING_PASSWORD, canonical=canonical, now=now)
        return found

    async def address(self, user_uid: UUID) -> Row | None:
        return await self._reads.one(_ADDRESS, uid=user_uid)
