"""Writes of the usage feature."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Final

import orjson
from sqlalchemy import CursorResult, delete, text

from app.kit.db.sessions import WriteSession
from app.models.usage import BUCKETS, UsageDay


@dataclass(frozen=True, slots=True)
class UsageDelta:
    """Requests of one consumer for one operation or feature on one day, to be added to the stored sums."""

    api_version: str
    consumer: str
    operation: str
    feature: str
    day: date
    requests: int
    errors: int
    rejections: int
    deprecated_calls: int
    latencies: Sequence[int]
    first_seen: datetime
    last_seen: datetime


_LATENCIES: Final = ", ".join(f"u.latencies[{n}] + excluded.latencies[{n}]" for n in range(1, BUCKETS + 1))
# One parameter for any number of rows. In the order of the key, so that two processes never wait for each other.
_ADD: Final = text(f"""
    INSERT INTO usage_days AS u (
        api_version, consumer, operation, feature, day, requests, errors, rejections, deprecated_calls, latencies,
        first_seen, last_seen
    )
    SELECT * FROM jsonb_to_recordset(CAST(CAST(:deltas AS text) AS jsonb)) AS delta(
        api_version text, consumer text, operation text, feature text, day date, requests bigint, errors bigint,
        rejections bigint, deprecated_calls bigint, latencies bigint[], first_seen timestamptz, last_seen timestamptz
    )
    ORDER BY api_version, consumer, operation, feature, day
    ON CONFLICT (api_version, consumer, operation, feature, day) DO UPDATE SET
        requests = u.requests + excluded.requests,
        errors = u.errors + excluded.errors,
        rejections = u.rejections + excluded.rejections,
        deprecated_calls = coalesce(u.deprecated_calls, u.requests) + excluded.deprecated_calls,
        latencies = ARRAY[{_LATENCIES}],
        first_seen = least(u.first_seen, excluded.first_seen),
        last_seen = greatest(u.last_seen, excluded.last_seen)
""")  # noqa: S608 - constants


class UsageRepository:
    """Recorded usage in one transaction."""

    def __init__(self, session: WriteSession) -> None:
        self._session = session

    async def add(self, deltas: Sequence[UsageDelta]) -> None:
        """Add to the stored sums, with one statement."""
        rows = orjson.dumps([asdict(delta) for delta in deltas]).decode()
        await self._session.execute(_ADD, {"deltas": rows})

    async def purge(self, before: date) -> int:
        """Delete usage before a day and return the number of rows."""
        result = await self._session.execute(delete(UsageDay).where(UsageDay.day < before))
        return result.rowcount if isinstance(result, CursorResult) else 0
