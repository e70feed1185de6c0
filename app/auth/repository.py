"""Writes of the auth feature."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Delete, bindparam, delete, insert, select, update

from app.auth.errors import BadCredentials
from app.kit.db.inserts import WRITTEN_ID, InsertInto, WrittenId
from app.kit.db.sessions import WriteSession
from app.kit.db.statements import Write
from app.models import ActionToken, PendingRegistration, RefreshToken, Session, User


@dataclass(frozen=True, slots=True)
class NewSession:
    """The columns of a session that begins now."""

    uid: UUID
    user_id: int
    user_agent: str | None
    network: str
    created_at: datetime
    expires_at: datetime


_GIVEN: Final = [field.name for field in fields(NewSession) if field.name != "user_id"]
_VALUES: Final = {name: bindparam(name, type_=Session.__table__.c[name].type) for name in _GIVEN}
_START_SESSION: Final = Write(
    insert(Session)
    .from_select(
        [*_GIVEN, "last_used_at", "user_id"],
        select(*_VALUES.values(), _VALUES["created_at"], User.id)
        .where(User.id == bindparam("user_id", type_=User.id.type))
        .with_for_update(read=True, key_share=True),
        include_defaults=False,
    )
    .returning(Session.id)
)
"""Inserts a session if its user exists, who is not deleted meanwhile."""
_INSERT_REFRESH_TOKEN: Final = InsertInto(RefreshToken.__table__, "jti", "session_id", "expires_at")


class AuthRepository:
    """Sessions and tokens in one transaction."""

    def __init__(self, session: WriteSession) -> None:
        self._session = session

    async def start_session(self, session: NewSession, jti: UUID) -> None:
        """Insert a session with its first refresh token, whose id is ``jti``.

        Raises ``BadCredentials`` if its user was deleted after the password was checked.
        """
        self.add_refresh_token(jti, WRITTEN_ID, session.expires_at)
        if await self._session.write(_START_SESSION, **asdict(session)) is None:
            raise BadCredentials

    async def record_authentication(self, uid: UUID, now: datetime) -> None:
        """Record that the user of a session has proved their identity."""
        await self._session.execute(update(Session).where(Session.uid == uid).values(authenticated_at=now))

    def add_refresh_token(self, jti: UUID, session_id: int | WrittenId, expires_at: datetime) -> None:
        """Insert a token at the end of the transaction."""
        self._session.insert_at_commit(_INSERT_REFRESH_TOKEN, jti, session_id, expires_at)

    async def lock_refresh_token(self, jti: UUID) -> tuple[RefreshToken, Session, User] | None:
        """The token with its session and user; the rows are locked until the transaction ends.

        PostgreSQL locks them in the order of the joins, and every transaction locks the user first.
        """
        row = (
            await self._session.execute(
                select(RefreshToken, Session, User)
                .select_from(User)
                .join(Session, Session.user_id == User.id)
                .join(RefreshToken, RefreshToken.session_id == Session.id)
                .where(RefreshToken.jti == jti)
                .with_for_update()
            )
        ).first()
        return None if row is None else (row[0], row[1], row[2])

    async def revoke_session(self, user_id: int, uid: UUID, now: datetime) -> bool:
        """Revoke a session and return whether the user had it and it was open."""
        result = await self._session.execute(
            update(Session)
            .where(Session.user_id == user_id, Session.uid == uid)
            .where(Session.revoked_at.is_(None), Session.expires_at > now)
            .values(revoked_at=now)
            .returning(Session.id)
        )
        return result.scalar() is not None

    async def add_action_token(self, token: ActionToken, now: datetime) -> None:
        """Store a token and invalidate the user's older tokens of the same purpose."""
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
        """Whether an unused token of this purpose was created after ``since``."""
        found = await self._session.scalar(
            select(ActionToken.id)
            .where(ActionToken.user_id == user_id, ActionToken.purpose == purpose)
            .where(ActionToken.created_at > since, ActionToken.used_at.is_(None))
            .limit(1)
        )
        return found is not None

    async def lock_action_token(self, digest: bytes, purpose: str) -> tuple[ActionToken, User] | None:
        """The token with its user; both rows are locked until the transaction ends, the user first."""
        row = (
            await self._session.execute(
                select(ActionToken, User)
                .select_from(User)
                .join(ActionToken, ActionToken.user_id == User.id)
                .where(ActionToken.digest == digest, ActionToken.purpose == purpose)
                .with_for_update()
            )
        ).first()
        return None if row is None else (row[0], row[1])


class PendingRegistrationRepository:
    """Pending registrations in one transaction. Expired ones are not found."""

    def __init__(self, session: WriteSession) -> None:
        self._session = session

    async def add(self, registration: PendingRegistration) -> None:
        self._session.add(registration)
        await self._session.flush()

    async def lock_by_token(self, digest: bytes, now: datetime) -> tuple[PendingRegistration | None, int]:
        """The registration of a mailed token, and how many claim its address; all of them are locked."""
        same = select(PendingRegistration.email_canonical).where(PendingRegistration.digest == digest)
        claims = await self._lock(same.scalar_subquery(), now)
        return next((claim for claim in claims if claim.digest == digest), None), len(claims)

    async def lock_by_address(self, canonical: str, now: datetime) -> Sequence[PendingRegistration]:
        """The registrations of a canonical address, oldest first; all of them are locked."""
        return await self._lock(canonical, now)

    async def lock_by_uid(self, uid: UUID, now: datetime) -> Sequence[PendingRegistration]:
        """The registrations of the address that this one claims, oldest first; empty without this one."""
        same = select(PendingRegistration.email_canonical).where(PendingRegistration.uid == uid)
        claims = await self._lock(same.scalar_subquery(), now)
        return claims if any(claim.uid == uid for claim in claims) else []

    async def delete(self, registration: PendingRegistration) -> None:
        await self._session.delete(registration)
        await self._session.flush()

    async def delete_by_address(self, canonical: str) -> None:
        await self._session.execute(_delete().where(PendingRegistration.email_canonical == canonical))

    async def purge(self, now: datetime) -> int:
        """Delete expired registrations and return their number."""
        deleted = await self._session.execute(
            _delete().where(PendingRegistration.expires_at <= now).returning(PendingRegistration.id)
        )
        return len(deleted.all())

    async def _lock(self, canonical: object, now: datetime) -> Sequence[PendingRegistration]:
        rows = await self._session.scalars(
            select(PendingRegistration)
            .where(PendingRegistration.email_canonical == canonical, PendingRegistration.expires_at > now)
            .order_by(PendingRegistration.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        return rows.all()


def _delete() -> Delete:
    return delete(PendingRegistration).execution_options(synchronize_session=False)
