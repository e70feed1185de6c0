"""Use cases that send notifications and mark them as read."""

from uuid import UUID

from app.access.principal import Principal
from app.events.recorder import EventRecorder, Subject
from app.kit.clock import utc_now
from app.kit.db.sessions import WriteSession
from app.models import Notification
from app.notifications.errors import NotificationNotFound, RecipientNotFound
from app.notifications.events import NotificationCreated, NotificationRead
from app.notifications.policy import ensure_may_mark, ensure_may_send
from app.notifications.repository import NotificationRepository
from app.notifications.views import NotificationView, RecipientRef


class NotificationService:
    """Writes notifications on behalf of a principal. Raises ``Unauthenticated`` and ``InsufficientPermissions``."""

    def __init__(self, session: WriteSession, principal: Principal, events: EventRecorder) -> None:
        self._repository = NotificationRepository(session)
        self._principal = principal
        self._events = events

    async def send(self, recipient: RecipientRef, message: str) -> NotificationView:
        """Send a message to a user. Raises ``RecipientNotFound``."""
        ensure_may_send(self._principal)
        found = await self._repository.lock_recipient(recipient)
        if found is None:
            raise RecipientNotFound
        user_id, user_uid = found
        sender = self._principal.signed_in().user_uid
        notification = Notification(user_id=user_id, sender_uid=sender, message=message, created_at=utc_now())
        await self._repository.add(notification)
        subject = Subject(notification.uid, user_uid)
        self._events.record(NotificationCreated(subject=subject, message=message, sender=sender))
        return NotificationView.from_entity(notification)

    async def mark_read(self, uid: UUID) -> NotificationView:
        """Mark a notification of the caller as read; a second time changes nothing. Raises ``NotificationNotFound``."""
        notification = await self._repository.lock(ensure_may_mark(self._principal), uid)
        if notification is None:
            raise NotificationNotFound
        if notification.read_at is None:
            notification.read_at = utc_now()
            await self._repository.save()
            owner = self._principal.signed_in().user_uid
            self._events.record(NotificationRead(subject=Subject(notification.uid, owner)))
        return NotificationView.from_entity(notification)
