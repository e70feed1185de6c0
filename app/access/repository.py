"""Every statement about principals and API keys."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import ARRAY, Text, func, or_, select, update

from app.kit.db.sessions import ReadSession, Row, WriteSession
from app.kit.db.statements import KeyedRead
from app.models import ApiKey, RolePermission, Session, User

LAST_USED_GRANULARITY: Final = timedelta(minutes=1)

_PERMISSIONS: Final = func.array(
    select(RolePermission.permission)
    .where(RolePermission.role == func.any(User.roles))
    .correlate(User)
    .scalar_subquery(),
    type_=ARRAY(Text),
).label("permissions")

_BY_SESSION: Final = KeyedRead(
    select(User.id, User.uid, User.roles, _PERMISSIONS, Session.uid.label("session_uid"), Session.expires_at)
    .join(Session, Session.user_id == User.id)
    .where(User.is_active, Session.revoked_at.is_(None)),
    Session.uid,
    "session_uid",
)

_BY_KEY: Final = KeyedRead(
    select(
        ApiKey.digest,
        User.id,
        User.uid,
        User.roles,
        _PERMISSIONS,
        ApiKey.uid.label("key_uid"),
        ApiKey.scopes,
        ApiKey.plan,
        ApiKey.early_brownout_until,
        ApiKey.expires_at,
        ApiKey.last_used_at,
    )
    .join(User, User.id == ApiKey.user_id)
    .where(
        ApiKey.revoked_at.is_(None),
        User.is_active,
    ),
    ApiKey.digest,
)


class PrincipalQueries:
    """Looks callers up; one statement for all that come at the same time."""

    def __init__(self, reads: ReadSession) -> None:
        self._reads = reads

    async def by_session(self, user_uid: UUID, session_uid: UUID, now: datetime) -> Row | None:
        row = await self._reads.by_key(_BY_SESSION, session_uid)
        return row if row is not None and row["uid"] == user_uid and row["expires_at"] > now else None

    async def by_key(self, digest: bytes, now: datetime) -> Row | None:
        row = await self._reads.by_key(_BY_KEY, digest)
        return row if row is not None and (row["expires_at"] is None or row["expires_at"] > now) else None


class ApiKeyRepository:
    """Writes keys."""

    def __init__(self, session: WriteSession) -> None:
        self._session = session

    def add(self, key: ApiKey) -> None:
        self._session.add(key)

    async def list_all(self) -> list[tuple[ApiKey, str]]:
        """Every key with its owner's address, newest first."""
        rows = await self._session.execute(
            select(ApiKey, User.email).join(User, User.id == ApiKey.user_id).order_by(ApiKey.id.desc())
        )
        return [(key, email) for key, email in rows]

    async def revoke(self, uid: UUID, at: datetime) -> bool:
        """Whether there was such a key; one revoked before keeps its time."""
        result = await self._session.execute(
            update(ApiKey)
            .where(ApiKey.uid == uid)
            .values(revoked_at=func.coalesce(ApiKey.revoked_at, at))
            .returning(ApiKey.id)
        )
        return result.scalar() is not None

    async def brown_out_early(self, uid: UUID, until: datetime | None, owner_id: int | None) -> bool:
        """Whether there was such a key. With an owner, only among theirs."""
        statement = update(ApiKey).where(ApiKey.uid == uid).values(early_brownout_until=until).returning(ApiKey.id)
        if owner_id is not None:
            statement = statement.where(ApiKey.user_id == owner_id)
        return (await self._session.execute(statement)).scalar() is not None

    async def touch(self, uid: UUID, now: datetime) -> None:
        """Remember that the key was used, at most once a minute."""
        await self._session.execute(
            update(ApiKey)
            .where(ApiKey.uid == uid)
            .where(or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at < now - LAST_USED_GRANULARITY))
            .values(last_used_at=now)
        )
