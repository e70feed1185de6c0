"""Counts the usage of all versions in memory, and writes the sums to the database in the background."""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from app.kit.db.database import UnitOfWork
from app.models.usage import ANONYMOUS, BUCKETS
from app.usage.repository import UsageDelta, UsageRepository
from observability.metrics.requests import BUCKETS as BOUNDS

LIMIT: Final = 20_000
"""Keys that one process counts between two flushes, in about 12 MB of memory: more than it serves in 10 seconds."""
_TOO_MANY: Final = 429
_GONE: Final = 410
_CLIENT_GONE: Final = 499
_ERROR: Final = 400

_Key = tuple[str, str, str, str, date]
"""Version, consumer, operation, feature, day."""


@dataclass(slots=True)
class _Count:
    first_seen: datetime
    last_seen: datetime
    requests: int = 0
    errors: int = 0
    rejections: int = 0
    deprecated_calls: int = 0
    latencies: list[int] = field(default_factory=lambda: [0] * BUCKETS)

    def add(self, other: "_Count") -> None:
        self.first_seen = min(self.first_seen, other.first_seen)
        self.last_seen = max(self.last_seen, other.last_seen)
        self.requests += other.requests
        self.errors += other.errors
        self.rejections += other.rejections
        self.deprecated_calls += other.deprecated_calls
        self.latencies = [a + b for a, b in zip(self.latencies, other.latencies, strict=True)]


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
        """Count one request that used a deprecated feature, or an operation as a whole if ``feature`` is empty."""
        if (count := self._count((version, consumer or ANONYMOUS, operation, feature, now.date()), now)) is not None:
            count.requests += 1

    def record_request(
        self,
        version: str,
        operation: str,
        consumer: str | None,
        now: datetime,
        *,
        status: int,
        seconds: float,
        deprecated: bool,
    ) -> None:
        """Count one finished request for an operation. ``now`` is when it ended."""
        count = self._count((version, consumer or ANONYMOUS, operation, "", now.date()), now)
        if count is None:
            return
        count.requests += 1
        if deprecated:
            count.deprecated_calls += 1
        if status in {_TOO_MANY, _GONE}:
            count.rejections += 1
            return
        count.latencies[bisect_left(BOUNDS, seconds)] += 1
        if status >= _ERROR and status != _CLIENT_GONE:
            count.errors += 1

    async def flush(self, database: UnitOfWork) -> None:
        """Write the counts with one statement. If that raises, they are kept."""
        counts, self._counts = self._counts, {}
        if not counts:
            return
        deltas = [
            UsageDelta(
                *key,
                count.requests,
                count.errors,
                count.rejections,
                count.deprecated_calls,
                count.latencies,
                count.first_seen,
                count.last_seen,
            )
            for key, count in counts.items()
        ]
        try:
            async with database.write() as session:
                await UsageRepository(session).add(deltas)
        except BaseException:
            for key, count in counts.items():
                if (known := self._count(key, count.first_seen)) is not None:
                    known.add(count)
            raise

    def _count(self, key: _Key, now: datetime) -> _Count | None:
        """The count of a key, with this moment; None, and one more dropped, if there is no room."""
        count = self._counts.get(key)
        if count is None:
            if len(self._counts) >= self._limit:
                self._dropped()
                return None
            count = self._counts[key] = _Count(now, now)
        elif now > count.last_seen:
            count.last_seen = now
        elif now < count.first_seen:
            count.first_seen = now
        return count
