"""Counts the usage of all versions in memory, and writes the sums to the database in the background."""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final
from uuid import UUID

from uuid_utils.compat import uuid7

from app.kit.clock import utc_now
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


@dataclass(frozen=True, slots=True)
class _Flush:
    """Counts with their number, by which the database recognises a repetition."""

    sequence: int
    deltas: tuple[UsageDelta, ...]


class UsageBuffer:
    """Counts for one process.

    A failed flush is repeated unchanged until it succeeds, since it may have been committed; what is counted meanwhile
    waits for the next one. So no count is lost or doubled, unless the process is killed (those since the last flush) or
    ``LIMIT`` keys are exceeded between two flushes; then ``dropped`` is called for each request.
    """

    def __init__(self, dropped: Callable[[], None], limit: int = LIMIT) -> None:
        self._dropped = dropped
        self._limit = limit
        self._counts: dict[_Key, _Count] = {}
        self._process: UUID = uuid7()
        self._sequence = 0
        self._pending: _Flush | None = None

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
        """Write the counts in one transaction. If that raises, they are kept."""
        while (pending := self._next()) is not None:
            async with database.write() as session:
                await UsageRepository(session).add_once(self._process, pending.sequence, pending.deltas, utc_now())
            self._pending = None

    def _next(self) -> _Flush | None:
        """The counts whose flush failed, else those since; None if there is nothing to write."""
        if self._pending is None and self._counts:
            counts, self._counts = self._counts, {}
            self._sequence += 1
            deltas = (
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
            )
            self._pending = _Flush(self._sequence, tuple(deltas))
        return self._pending

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
