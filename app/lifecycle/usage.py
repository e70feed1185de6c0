"""Who still uses what is to end: counted in memory while requests are answered, written down between them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from app.kit.db.database import UnitOfWork
from app.lifecycle.repository import UsageDelta, UsageRepository

ANONYMOUS: Final = "anonymous"
"""Whoever presents no credentials that hold."""
LIMIT: Final = 10_000
"""Different things of different consumers that one process remembers between two flushes: about 5 MB."""

_Key = tuple[str, str, str, str, date]
"""Version, consumer, operation, feature, day."""


@dataclass(slots=True)
class _Count:
    requests: int
    first_seen: datetime
    last_seen: datetime


class UsageBuffer:
    """Counts for one process.

    What is lost: the notes since the last flush where a process is killed, and those beyond ``LIMIT`` different ones
    between two flushes, which ``dropped`` is told of. A flush that fails loses nothing: its notes wait for the next.
    """

    def __init__(self, dropped: Callable[[], None], limit: int = LIMIT) -> None:
        self._dropped = dropped
        self._limit = limit
        self._counts: dict[_Key, _Count] = {}

    def note(self, version: str, operation: str, feature: str, consumer: str | None, now: datetime) -> None:
        """Count one request. ``feature`` is empty for the operation as a whole."""
        self._add((version, consumer or ANONYMOUS, operation, feature, now.date()), 1, now, now)

    async def flush(self, database: UnitOfWork) -> None:
        """Write down what was counted. Raises what the database raises, and then keeps it."""
        counts, self._counts = self._counts, {}
        if not counts:
            return
        notes = [UsageDelta(*key, count.requests, count.first_seen, count.last_seen) for key, count in counts.items()]
        try:
            async with database.write() as session:
                await UsageRepository(session).add(notes)
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
