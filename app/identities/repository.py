"""Writes of identities."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select

from app.kit.db import locks
from app.kit.db.sessions import WriteSession
from app.models import Identity, IdentityConfirmation, Session, SignInCode, SignInFlow, User


class IdentityRepository:
    """Identities and their confirmations in one transaction."""

    def __init__(self, session: WriteSession) -> None:
        self._session = session

    async def lock_subject(self, provider: str, subject: str) -> None:
        """Serialise the sign-ins of one identity until the transaction ends."""
        await locks.lock(self._session, "identities", f"{provider}:{subject}".encode())

    async def find(self, provider: str, subject: str) -> Identity | None:
        found: Identity | None = await self._session.scalar(
            select(Identity)
            .where(Identity.provider == provider, Identity.subject == subject)
            .execution_options(populate_existing=True)
        )
        return found

    async def add(self, identity: Identity) -> None:
        self._session.add(identity)
        await self._session.flush()

    async def remove(self, user_id: int, uid: UUID) -> str | None:
        """Delete an identity of a user and return its provider; None if the user does not have it."""
        removed: str | None = await self._session.scalar(
            delete(Identity).where(Identity.user_id == user_id, Identity.uid == uid).returning(Identity.provider)
        )
        return removed

    async def count(self, user_id: int) -> int:
        return await self._session.scalar(select(func.count(Identity.id)).where(Identity.user_id == user_id)) or 0

    async def remove_all(self, user_id: int) -> Sequence[tuple[UUID, str]]:
        """Delete the identities of a user, and their codes, visits and confirmations. Returns uids and providers."""
        for table in (SignInCode, SignInFlow, IdentityConfirmation):
            await self._session.execute(delete(table).where(table.user_id == user_id))
        removed = await self._session.execute(
            delete(Identity)
            .where(Identity.user_id == user_id)
            .returning(Identity.uid, Identity.provider)
            .execution_options(synchronize_session=False)
        )
        return [(row.uid, row.provider) for row in removed]

    async def has_open_session(self, user_id: int, uid: UUID, now: datetime) -> bool:
        """Whether a session of the user is neither revoked nor expired."""
        found = await self._session.scalar(
            select(Session.id).where(
                Session.user_id == user_id,
                Session.uid == uid,
                Session.revoked_at.is_(None),
                Session.expires_at > now,
            )
        )
        return found is not None

    async def confirmed_since(self, user_id: int, since: datetime) -> bool:
        """Whether a confirmation was mailed to the user after ``since``."""
        found = await self._session.scalar(
            select(IdentityConfirmation.id)
            .where(IdentityConfirmation.user_id == user_id, IdentityConfirmation.created_at > since)
            .limit(1)
        )
        return found is not None

    async def add_confirmation(self, confirmation: IdentityConfirmation) -> None:
        """Store a confirmation in place of an older one of the same identity."""
        await self.drop_confirmations(confirmation.provider, confirmation.subject)
        self._session.add(confirmation)
        await self._session.flush()

    async def drop_confirmations(self, provider: str, subject: str) -> None:
        """Delete the confirmations of an identity."""
        await self._session.execute(
            delete(IdentityConfirmation).where(
                IdentityConfirmation.provider == provider, IdentityConfirmation.subject == subject
            )
        )

    async def find_confirmation(self, digest: bytes) -> IdentityConfirmation | None:
        found: IdentityConfirmation | None = await self._session.scalar(
            select(IdentityConfirmation).where(IdentityConfirmation.digest == digest)
        )
        return found

    async def lock_confirmed(self, digest: bytes) -> tuple[IdentityConfirmation, User] | None:
        """The confirmation of a token with its user; both rows stay locked, and the user is locked first."""
        row = (
            await self._session.execute(
                select(IdentityConfirmation, User)
                .select_from(User)
                .join(IdentityConfirmation, IdentityConfirmation.user_id == User.id)
                .where(IdentityConfirmation.digest == digest)
                .with_for_update()
                .execution_options(populate_existing=True)
            )
        ).first()
        return None if row is None else (row[0], row[1])


class FlowRepository:
    """Visits to providers and one-time codes in one transaction. What is taken is deleted."""

    def __init__(self, session: WriteSession) -> None:
        self._session = session

    def add_flow(self, flow: SignInFlow) -> None:
        self._session.add(flow)

    def add_code(self, code: SignInCode) -> None:
        self._session.add(code)

    async def take_flow(self, digest: bytes) -> SignInFlow | None:
        taken: SignInFlow | None = await self._session.scalar(
            delete(SignInFlow).where(SignInFlow.digest == digest).returning(SignInFlow)
        )
        return taken

    async def take_code(self, digest: bytes) -> SignInCode | None:
        taken: SignInCode | None = await self._session.scalar(
            delete(SignInCode).where(SignInCode.digest == digest).returning(SignInCode)
        )
        return taken

    async def user_uid(self, user_id: int) -> UUID | None:
        """The uid of the user of a flow, unless the user was deleted in the meantime."""
        found: UUID | None = await self._session.scalar(select(User.uid).where(User.id == user_id))
        return found

    async def purge(self, now: datetime) -> int:
        """Delete what has expired and return the number of rows."""
        deleted = 0
        for table, column in (
            (SignInFlow, SignInFlow.digest),
            (SignInCode, SignInCode.digest),
            (IdentityConfirmation, IdentityConfirmation.digest),
        ):
            statement = delete(table).where(table.expires_at <= now).returning(column)
            result = await self._session.execute(statement.execution_options(synchronize_session=False))
            deleted += len(result.all())
        return deleted
