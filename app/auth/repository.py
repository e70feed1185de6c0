"""Every statement of the auth feature."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, func, select, update

from app.kit.db.keyset import Position, Slice, cut, ordered, parameters
from app.kit.db.sessions import ReadSession, Row, WriteSession
from app.kit.db.statements import Read
from app.models import ActionToken, RefreshToken, RolePermission, Session, User

_SESSIONS: Final = select(
    Session.id, Session.uid, Session.user_agent, Session.created_at, Session.last_used_at, Session.expires_at
).where(Session.user_id == bindparam("user_id"), Session.revoked_at.is_(None), Session.expires_at > bindparam("now"))
_KEYS: Final = ((Session.id, True),)
_FIRST_PAGE: Final = Read(ordered(_SESSIONS, _KEYS, after=False))
_NEXT_PAGE: Final = Read(ordered(_SESSIONS, _KEYS, after=True))
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


class AuthQueries:
    """Reads sessions, and what the mail jobs need."""

    def __init__(self, reads: ReadSession) -> None:
        self._reads = reads

    async def sessions(self, user_id: int, now: datetime, after: Position | None, limit: int) -> Slice[Row]:
        read = _FIRST_PAGE if after is None else _NEXT_PAGE
        rows = await self._reads.all(read, user_id=user_id, now=now, limit=limit + 1, **parameters(after))
        return cut(rows, limit, lambda row: (row["id"],))

    async def session(self, user_id: int, uid: UUID, now: datetime) -> Row | None:
        return await self._reads.one(_ONE, user_id=user_id, uid=uid, now=now)

    async def permissions(self, roles: Sequence[str]) -> list[str]:
        return [row[0] for row in await self._reads.all(_PERMISSIONS, roles=list(roles))]

    async def mailed_token(self, uid: UUID) -> Row | None:
        return await self._reads.one(_MAILED, uid=uid)

    async def address(self, user_uid: UUID) -> Row | None:
        return await self._reads.one(_ADDRESS, uid=user_uid)


class AuthRepository:
    """Sessions and tokens as one transaction sees and changes them."""

    def __init__(self, session: WriteSession) -> None:
        self._session = session

    async def start_session(self, session: Session) -> None:
        self._session.add(session)
        await self._session.flush()

    def add_refresh_token(self, token: RefreshToken) -> None:
        self._session.add(token)

    async def locked_refresh_token(self, jti: UUID) -> tuple[RefreshToken, Session, User] | None:
        """The token with its session and user; all three stay as they are until the transaction ends."""
        row = (
            await self._session.execute(
                select(RefreshToken, Session, User)
                .join(Session, Session.id == RefreshToken.session_id)
                .join(User, User.id == Session.user_id)
                .where(RefreshToken.jti == jti)
                .with_for_update()
            )
        ).first()
        return None if row is None else (row[0], row[1], row[2])

    async def revoke_session(self, user_id: int, uid: UUID, now: datetime) -> bool:
        """Whether an open session of this user was ended."""
        result = await self._session.execute(
            update(Session)
            .where(Session.user_id == user_id, Session.uid == uid)
            .where(Session.revoked_at.is_(None), Session.expires_at > now)
            .values(revoked_at=now)
            .returning(Session.id)
        )
        return result.scalar() is not None

    async def add_action_token(self, token: ActionToken, now: datetime) -> None:
        """Store a token and make those of the same purpose before it worthless."""
        await self._session.execute(
            update(ActionToken)
            .where(
                ActionToken.user_id == token.user_id,
                ActionToken.purpose == token.purpose,
                ActionToken.used_at.is_(None),
            )
            .values(used_at=now)
        )
        self._session.add(token)

    async def issued_since(self, user_id: int, purpose: str, since: datetime) -> bool:
        """Whether an unused token of this purpose is younger than ``since``."""
        found = await self._session.scalar(
            select(ActionToken.id)
            .where(ActionToken.user_id == user_id, ActionToken.purpose == purpose)
            .where(ActionToken.created_at > since, ActionToken.used_at.is_(None))
            .limit(1)
        )
        return found is not None

    async def locked_action_token(self, digest: bytes, purpose: str) -> tuple[ActionToken, User] | None:
        row = (
            await self._session.execute(
                select(ActionToken, User)
                .join(User, User.id == ActionToken.user_id)
                .where(ActionToken.digest == digest, ActionToken.purpose == purpose)
                .with_for_update()
            )
        ).first()
        return None if row is None else (row[0], row[1])
