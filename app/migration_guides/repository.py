"""Writes of the feature."""

from datetime import date, datetime

from sqlalchemy import select

from app.kit.db.locks import lock
from app.kit.db.sessions import WriteSession
from app.migration_guides.views import PersonalGuide
from app.models import VersionNotice


class NoticeRepository:
    """The mails about the end of a version that users were sent."""

    def __init__(self, session: WriteSession) -> None:
        self._session = session

    async def lock(self, user_id: int) -> None:
        """Wait for other transactions that notify the user, until the end of this one."""
        await lock(self._session, "version_notices", str(user_id).encode())

    async def was_notified(self, user_id: int, version: str, ends_on: date, since: datetime) -> bool:
        """Whether the user was notified of this end since then."""
        found = await self._session.scalar(
            select(VersionNotice.id)
            .where(
                VersionNotice.user_id == user_id,
                VersionNotice.api_version == version,
                VersionNotice.ends_on == ends_on,
                VersionNotice.created_at > since,
            )
            .limit(1)
        )
        return found is not None

    async def add(self, user_id: int, guide: PersonalGuide, now: datetime) -> VersionNotice:
        """Store a notice with what the mail contains."""
        notice = VersionNotice(
            api_version=guide.transition.version,
            user_id=user_id,
            ends_on=guide.transition.ends_on,
            guide=guide.to_json(),
            created_at=now,
        )
        self._session.add(notice)
        await self._session.flush()
        return notice
