"""Writes of API keys and sessions."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ARRAY, column, func, literal, select, update

from app.kit.db.sessions import WriteSession
from app.models import ApiKey, Session, User

_OWNER_UID: Final = select(User.uid).where(User.id == ApiKey.user_id).scalar_subquery()


class ApiKeyRepository:
    """API keys in one transaction."""

    def __init__(self, session: WriteSession) -> None:
        self._session = session

    def add(self, key: ApiKey) -> None:
        self._session.add(key)

    async def list_all(self) -> list[tuple[ApiKey, UUID, str]]:
        """Every key with the uid and the e-mail address of its owner, newest first."""
        rows = await self._session.execute(
            select(ApiKey, User.uid, User.email).join(User, User.id == ApiKey.user_id).order_by(ApiKey.id.desc())
        )
        return [(key, owner_uid, email) for key, owner_uid, email in rows]

    async def revoke(self, uid: UUID, at: datetime, owner_id: int | None = None) -> UUID | None:
        """Revoke a key that is not revoked yet; with ``owner_id``, only a key of this user.

        Returns the uid of the owner, or None if there is no such key.
        """
        statement = update(ApiKey).where(ApiKey.uid == uid, ApiKey.revoked_at.is_(None)).values(revoked_at=at)
        if owner_id is not None:
            statement = statement.where(ApiKey.user_id == owner_id)
        return (await self._session.execute(statement.returning(_OWNER_UID))).scalar()

    async def revoke_all(self, user_id: int, at: datetime) -> Sequence[UUID]:
        """Revoke every key of a user, and return their uids."""
        statement = update(ApiKey).where(ApiKey.user_id == user_id, ApiKey.revoked_at.is_(None)).values(revoked_at=at)
        return (await self._session.scalars(statement.returning(ApiKey.uid))).all()

    async def exists(self, uid: UUID) -> bool:
        """Whether there is such a key, revoked or not."""
        return await self._session.scalar(select(ApiKey.id).where(ApiKey.uid == uid)) is not None

    async def set_early_brownout(self, uid: UUID, until: datetime | None) -> UUID | None:
        """Set the end of an early brownout, and return the uid of the owner of the key, or None without such a key."""
        statement = update(ApiKey).where(ApiKey.uid == uid).values(early_brownout_until=until).returning(_OWNER_UID)
        return (await self._session.execute(statement)).scalar()

    async def owner_uid(self, user_id: int) -> UUID | None:
        """The uid of the user with this id."""
        found: UUID | None = await self._session.scalar(select(User.uid).where(User.id == user_id))
        return found

    async def lock_owner(self, user_id: int) -> bool:
        """Whether the user exists. Its row is locked until the transaction ends."""
        found = await self._session.scalar(select(User.id).where(User.id == user_id).with_for_update(key_share=True))
        return found is not None

    async def count(self, user_id: int, now: datetime) -> int:
        """The number of keys of a user that are neither revoked nor expired nor rotated."""
        number: int | None = await self._session.scalar(
            select(func.count())
            .select_from(ApiKey)
            .where(ApiKey.user_id == user_id, ApiKey.revoked_at.is_(None), ApiKey.rotated_at.is_(None))
            .where(func.coalesce(ApiKey.expires_at > now, True))
        )
        return number or 0

    async def lock(self, uid: UUID, owner_id: int | None = None) -> ApiKey | None:
        """A key that is not revoked, with an owner: of this owner. Its row is locked until the transaction ends.

        PostgreSQL locks rows in the order of the joins, and the deletion of a user locks the user first, too.
        """
        statement = (
            select(User.id, ApiKey)
            .select_from(User)
            .join(ApiKey, ApiKey.user_id == User.id)
            .where(ApiKey.uid == uid, ApiKey.revoked_at.is_(None))
            .with_for_update(key_share=True)
        )
        if owner_id is not None:
            statement = statement.where(ApiKey.user_id == owner_id)
        row = (await self._session.execute(statement)).first()
        return None if row is None else row[1]

    async def record_uses(self, used: Mapping[UUID, datetime]) -> None:
        """Set the times of the last uses, unless a later one is stored.

        Every process locks the rows in the same order, so that two of them never wait for each other.
        """
        uses = (
            func.unnest(
                literal(list(used), ARRAY(ApiKey.uid.type)), literal(list(used.values()), ARRAY(ApiKey.created_at.type))
            )
            .table_valued(column("uid", ApiKey.uid.type), column("at", ApiKey.created_at.type), name="uses")
            .render_derived()
        )
        locked = (
            select(ApiKey.id, uses.c.at)
            .join(uses, uses.c.uid == ApiKey.uid)
            .order_by(ApiKey.id)
            .with_for_update(of=ApiKey, key_share=True)
            .cte("locked")
        )
        await self._session.execute(
            update(ApiKey)
            .where(ApiKey.id == locked.c.id)
            .values(last_used_at=func.greatest(ApiKey.last_used_at, locked.c.at))
            .execution_options(synchronize_session=False)
        )


class SessionRepository:
    """Sessions of users in one transaction."""

    def __init__(self, session: WriteSession) -> None:
        self._session = session

    async def revoke_all(self, user_id: int, now: datetime, but: UUID | None) -> Sequence[UUID]:
        """Revoke the sessions of a user, except one. Returns the uids of the revoked sessions that had not expired."""
        revoked = await self._session.execute(
            update(Session)
            .where(Session.user_id == user_id, Session.uid.is_distinct_from(but), Session.revoked_at.is_(None))
            .values(revoked_at=now)
            .returning(Session.uid, Session.expires_at)
        )
        return [uid for uid, expires_at in revoked if expires_at > now]
