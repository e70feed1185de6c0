"""The deletion of old usage, which the worker schedules."""

from datetime import datetime, timedelta
from typing import Final

from app.kit.clock import utc_now
from app.kit.db.sessions import WriteSession
from app.usage.repository import UsageRepository

RETENTION: Final = timedelta(days=400)
"""Older usage is deleted."""


class UsageService:
    """Deletes recorded usage."""

    def __init__(self, session: WriteSession) -> None:
        self._repository = UsageRepository(session)

    async def purge(self, now: datetime | None = None) -> int:
        """Delete usage that is older than ``RETENTION`` and return the number of rows."""
        return await self._repository.purge(((now or utc_now()) - RETENTION).date())
