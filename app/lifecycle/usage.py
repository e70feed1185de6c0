"""Counts the use of deprecated versions in memory, and writes the sums to the database in the background."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from app.kit.db.database import UnitOfWork
from app.lifecycle.repository import UsageDelta, UsageRepository

ANONYMOUS: Final = "anonymous"
"""The consumer of requests without valid credentials."""
LIMIT: Final = 10_000
"""Keys that one process counts between two flushes, in about 5 MB of memory."""

_Key = tuple[str, str, str, str, date]
"""Version, consumer, operation, feature, day."""


@dataclass(slots=True)
class _Count:
    requests: int
    first_seen: datetime
    last_seen: datetime


class UsageBuffer:
    """Counts for one process.

    Counts are lost if the process is killed (since the last flush) and beyond ``LIMIT`` keys between two flushes; then
    ``dropped`` is called for each. The counts of a failed flush are kept for the next one.
    """

    def __init__(self, dropped: Callable[[], None], limit: int = LIMIT) -> None:
        self._dropped = dropped
        self._limit = limit
        self._counts: dict[_Key, _Count] = {}

    def record(self, version: str, operation: str, feature: str, consumer: str | None, now: datetime) -> None:
        """Count one request. ``feature`` is empty for the operation as a whole."""
        self._add((version, consumer or ANONYMOUS, operation, feature, now.date()), 1, now, now)

    async def flush(self, database: UnitOfWork) -> None:
        """Write the counts to the database. If that raises, the counts are kept."""
        counts, self._counts = self._counts, {}
        if not counts:
            return
        deltas = [UsageDelta(*key, count.requests, count.first_seen, count.last_seen) for key, count in counts.items()]
        try:
            async with database.write() as session:
                await UsageRepository(session).add(deltas)
        except BaseException:
            for key, count in counts.items():
                self._add(key, count.requests, count.first_seen, count.last_seen)
            raise

    def _add(self, key: _Key, requests: int, first_seen: datetime, last_seen: datetime) -> None:
        known = self._counts.get(key)
        if known is not None:
            known.requests += requests
            known.first_seen = min(known.first_seen, first_seen)
            known.last_seen = max(known.last_seen, last_seen)
        elif len(self._counts) < self._limit:
            self._counts[key] = _Count(requests, first_seen, last_seen)
        else:
            self._dropped()
