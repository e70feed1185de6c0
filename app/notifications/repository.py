"""Writes of notifications."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select

from app.kit.db.batches import BATCH
from app.kit.db.sessions import WriteSession
from app.models import Notification, User
from app.notifications.views import RecipientRef


class NotificationRepository:
    """Notifications in one transaction."""

    def __init__(self, session: WriteSession) -> None:
        self._session = session

    async def lock_recipient(self, ref: RecipientRef) -> tuple[int, UUID] | None:
        """The ids of a user, who is not deleted before the transaction ends."""
        column = User.id if isinstance(ref, int) else User.uid
        statement = select(User.id, User.uid).where(column == ref).with_for_update(read=True, key_share=True)
        row = (await self._session.execute(statement)).first()
        return None if row is None else (row[0], row[1])

    async def add(self, notification: Notification) -> None:
        self._session.add(notification)
        await self._session.flush()

    async def lock(self, user_id: int, uid: UUID) -> Notification | None:
        """A notification of a user; its row is locked until the transaction ends."""
        found: Notification | None = await self._session.scalar(
            select(Notification)
            .where(Notification.uid == uid, Notification.user_id == user_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        return found

    async def save(self) -> None:
        await self._session.flush()

    async def purge(self, before: datetime) -> int:
        """Delete one batch of those that were created before a moment, and return their number."""
        old = select(Notification.id).where(Notification.created_at < before).order_by(Notification.id).limit(BATCH)
        done = await self._session.execute(
            delete(Notification).where(Notification.id.in_(old)).returning(Notification.id)
        )
        return len(done.all())
