"""Notifies users of the end of a version."""

from datetime import datetime, timedelta
from typing import Final

from app.events.audit import AuditRecorder, target
from app.kit.db.sessions import WriteSession
from app.kit.queue.job_queue import JobQueue
from app.migration_guides.job_names import SEND_GUIDE
from app.migration_guides.repository import NoticeRepository
from app.migration_guides.views import PersonalGuide, Recipient

QUIET_PERIOD: Final = timedelta(days=30)
"""A user gets one mail about the same version and sunset within this time."""


class NoticeService:
    """Enqueues mails, for operators on the command line; no request reaches it."""

    def __init__(self, session: WriteSession) -> None:
        self._notices = NoticeRepository(session)
        self._jobs = JobQueue(session)
        self._audit = AuditRecorder(session)

    async def notify(self, recipient: Recipient, guide: PersonalGuide, now: datetime) -> bool:
        """Record a notice and enqueue its mail; False if the user was notified within ``QUIET_PERIOD``."""
        transition = guide.transition
        await self._notices.lock(recipient.user_id)
        if await self._notices.was_notified(
            recipient.user_id, transition.version, transition.ends_on, now - QUIET_PERIOD
        ):
            return False
        notice = await self._notices.add(recipient.user_id, guide, now)
        await self._jobs.enqueue(SEND_GUIDE, {"notice": str(notice.uid)})
        detail = {"user": recipient.user_uid, "sections": len(guide.sections)}
        self._audit.record("version.user_notified", target("version", transition.version), detail)
        return True


def reason_to_skip(recipient: Recipient, now: datetime) -> str | None:
    """Why a user gets no mail; None if the user gets one."""
    if not recipient.is_active:
        return "deactivated"
    if not recipient.is_verified:
        return "address not verified"
    if recipient.notified_at is not None and recipient.notified_at > now - QUIET_PERIOD:
        return f"notified on {recipient.notified_at:%F}"
    return None
