"""Writes of API keys."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, or_, select, update

from app.kit.db.sessions import WriteSession
from app.models import ApiKey, User


class ApiKeyRepository:
    """API keys in one transaction."""

    def __init__(self, session: WriteSession) -> None:
        self._session = session

    def add(self, key: ApiKey) -> None:
        self._session.add(key)

    async def list_all(self) -> list[tuple[ApiKey, str]]:
        """Every key with the e-mail address of its owner, newest first."""
        rows = await self._session.execute(
            select(ApiKey, User.email).join(User, User.id == ApiKey.user_id).order_by(ApiKey.id.desc())
        )
        return [(key, email) for key, email in rows]

    async def revoke(self, uid: UUID, at: datetime) -> bool:
        """Revoke a key and return whether it exists. A key that was revoked before keeps its time."""
        result = await self._session.execute(
            update(ApiKey)
            .where(ApiKey.uid == uid)
            .values(revoked_at=func.coalesce(ApiKey.revoked_at, at))
            .returning(ApiKey.id)
        )
        return result.scalar() is not None

    async def set_early_brownout(self, uid: UUID, until: datetime | None, owner_id: int | None) -> bool:
        """Set the end of an early brownout and return whether the key exists, with an owner: among the owner's keys."""
        statement = update(ApiKey).where(ApiKey.uid == uid).values(early_brownout_until=until).returning(ApiKey.id)
        if owner_id is not None:
            statement = statement.where(ApiKey.user_id == owner_id)
        return (await self._session.execute(statement)).scalar() is not None

    async def record_use(self, uid: UUID, now: datetime, granularity: timedelta) -> None:
        """Set the time of the last use, unless it is younger than ``granularity``."""
        await self._session.execute(
            update(ApiKey)
            .where(ApiKey.uid == uid)
            .where(or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at < now - granularity))
            .values(last_used_at=now)
        )
