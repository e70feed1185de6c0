"""Writes of the usage feature."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import CursorResult, Text, cast, delete, select, text, union_all
from sqlalchemy.dialects.postgresql import insert

from app.kit.db.sessions import WriteSession
from app.models import KEY_CONSUMER, ApiKey, User
from app.models.usage import ANONYMOUS, BUCKETS, UsageDay, UsageElements, UsageFlush, UsageWatch, VersionConsumers
from app.plans.names import DEFAULT
from app.usage.statements import ADD_EVIDENCE, CLAIM_FLUSH, COUNT_CONSUMERS


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

    async def add_once(self, process: UUID, sequence: int, deltas: Sequence[UsageDelta], now: datetime) -> None:
        """Add to the stored sums, once for each ``sequence`` of a process."""
        claim = {"process": process, "sequence": sequence, "now": now}
        if await self._session.scalar(CLAIM_FLUSH, claim) is not None:
            await self.add(deltas)

    async def add(self, deltas: Sequence[UsageDelta]) -> None:
        """Add to the stored sums, with one statement."""
        rows = orjson.dumps([asdict(delta) for delta in deltas]).decode()
        await self._session.execute(_ADD, {"deltas": rows})

    async def count_consumers(self, since: date, active_since: date, now: datetime) -> int:
        """Replace the numbers of consumers of each version by plan, and return the number of rows."""
        await self._session.execute(delete(VersionConsumers))
        values = {"since": since, "active_since": active_since, "plan_of_users": DEFAULT, "now": now}
        result = await self._session.execute(COUNT_CONSUMERS, values)
        return result.rowcount if isinstance(result, CursorResult) else 0

    async def purge(self, before: date) -> int:
        """Delete usage before a day and return the number of rows."""
        result = await self._session.execute(delete(UsageDay).where(UsageDay.day < before))
        return result.rowcount if isinstance(result, CursorResult) else 0


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """What requests of one consumer for one operation showed on one day, to be added to the stored row."""

    day: date
    api_version: str
    consumer: str
    operation: str
    key_id: str
    observed: int
    random: int
    elements: dict[str, Any]


class EvidenceRepository:
    """Evidence and watches in one transaction."""

    def __init__(self, session: WriteSession) -> None:
        self._session = session

    async def add(
        self, process: UUID, sequence: int, rows: Sequence[EvidenceRow], rows_per_day: int, now: datetime
    ) -> int:
        """Add to the stored rows with one statement, once for each ``sequence`` of a process.

        Returns the requests for which the day has no room.
        """
        values = {
            "process": process,
            "sequence": sequence,
            "rows": orjson.dumps([asdict(row) for row in rows]).decode(),
            "rows_per_day": rows_per_day,
            "now": now,
        }
        return int((await self._session.execute(ADD_EVIDENCE, values)).scalar_one())

    async def watch(self, consumer: str, ends_at: datetime) -> None:
        """Observe all requests of a consumer until then."""
        watch = insert(UsageWatch).values(consumer=consumer, ends_at=ends_at)
        replaced = watch.on_conflict_do_update(index_elements=["consumer"], set_={"ends_at": ends_at})
        await self._session.execute(replaced)

    async def purge(self, before: date, now: datetime, flushed_before: datetime) -> int:
        """Delete evidence before a day or of deleted consumers, ended watches and old flushes.

        Returns the number of rows of evidence.
        """
        owners = union_all(select(KEY_CONSUMER), select(cast(User.uid, Text)))
        gone = (UsageElements.consumer != ANONYMOUS) & UsageElements.consumer.not_in(owners)
        result = await self._session.execute(delete(UsageElements).where((UsageElements.day < before) | gone))
        await self._session.execute(delete(UsageWatch).where(UsageWatch.ends_at < now))
        await self._session.execute(delete(UsageFlush).where(UsageFlush.flushed_at < flushed_before))
        return result.rowcount if isinstance(result, CursorResult) else 0

    async def delete_user(self, user_id: int) -> None:
        """Delete the evidence of a user and of the keys of the user."""
        own = union_all(
            select(KEY_CONSUMER).where(ApiKey.user_id == user_id),
            select(cast(User.uid, Text)).where(User.id == user_id),
        )
        for table in (UsageElements, UsageWatch):
            await self._session.execute(delete(table).where(table.consumer.in_(own)))
