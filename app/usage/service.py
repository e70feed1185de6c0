"""Use cases that write usage, for schedules and commands."""

from datetime import datetime, timedelta
from typing import Final

from app.kit.clock import utc_now
from app.kit.db.sessions import WriteSession
from app.usage.repository import EvidenceRepository, UsageRepository

RETENTION: Final = timedelta(days=400)
"""Older usage is deleted."""
CONSUMER_DAYS: Final = timedelta(days=30)
"""A consumer without an accepted request for longer has left a version."""
ACTIVE_DAYS: Final = timedelta(days=7)
"""A consumer with an accepted request in this time would break if the version ended."""
_FLUSH_RETENTION: Final = timedelta(days=7)
"""A process that cannot reach the database for longer may count a flush twice."""


class UsageService:
    """Deletes and counts recorded usage, and starts the observation of consumers."""

    def __init__(self, session: WriteSession) -> None:
        self._repository = UsageRepository(session)
        self._evidence = EvidenceRepository(session)

    async def purge(self, now: datetime | None = None) -> int:
        """Delete usage that is older than ``RETENTION`` and return the number of rows."""
        now = now or utc_now()
        before = (now - RETENTION).date()
        return await self._repository.purge(before) + await self._evidence.purge(before, now, now - _FLUSH_RETENTION)

    async def count_consumers(self, now: datetime | None = None) -> int:
        """Count the consumers of each version by plan, and return the number of pairs of version and plan."""
        now = now or utc_now()
        today = now.date()
        return await self._repository.count_consumers(today - CONSUMER_DAYS, today - ACTIVE_DAYS, now)

    async def watch(self, consumer: str, lasting: timedelta) -> datetime:
        """Observe all requests of a consumer from now on, and return when that ends."""
        ends_at = utc_now() + lasting
        await self._evidence.watch(consumer, ends_at)
        return ends_at
