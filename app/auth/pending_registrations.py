"""Writes of pending registrations."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Delete, delete, select

from app.kit.db.sessions import WriteSession
from app.models import PendingRegistration


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
