"""Reads of the auth feature."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import String, bindparam, exists, func, select

from app.kit.db.keyset import Position, Slice, apply_keyset, bind_params, page_from_rows
from app.kit.db.sessions import ReadSession, Row
from app.kit.db.statements import Read
from app.models import ActionToken, RolePermission, Session, User

_SESSIONS: Final = select(
    Session.id, Session.uid, Session.user_agent, Session.created_at, Session.last_used_at, Session.expires_at
).where(Session.user_id == bindparam("user_id"), Session.revoked_at.is_(None), Session.expires_at > bindparam("now"))
_KEYS: Final = ((Session.id, True),)
_FIRST_PAGE: Final = Read(apply_keyset(_SESSIONS, _KEYS, after=False))
_NEXT_PAGE: Final = Read(apply_keyset(_SESSIONS, _KEYS, after=True))
_ONE: Final = Read(_SESSIONS.where(Session.uid == bindparam("uid")))
_MAILED: Final = Read(
    select(ActionToken.uid, ActionToken.purpose, ActionToken.used_at, ActionToken.expires_at, User.email)
    .join(User, User.id == ActionToken.user_id)
    .where(ActionToken.uid == bindparam("uid"))
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


class AuthQueries:
    """Reads sessions, permissions of roles, and the rows that the mail jobs need."""

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

    async def permissions(self, roles: Sequence[str]) -> list[str]:
        return [row["permission"] for row in await self._reads.all(_PERMISSIONS, roles=list(roles))]

    async def mailed_token(self, uid: UUID) -> Row | None:
        return await self._reads.one(_MAILED, uid=uid)

    async def address(self, user_uid: UUID) -> Row | None:
        return await self._reads.one(_ADDRESS, uid=user_uid)
