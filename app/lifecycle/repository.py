"""Every statement about the lives of versions."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import CursorResult, Text, and_, cast, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from app.kit.db.locks import lock
from app.kit.db.sessions import ReadSession, WriteSession
from app.kit.db.statements import Read
from app.lifecycle.version import Window
from app.models import ApiKey, User, VersionBrownout, VersionConsent, VersionRetirement, VersionUsage

_WINDOWS: Final = Read(
    select(VersionBrownout.api_version, VersionBrownout.starts_at, VersionBrownout.ends_at).order_by(
        VersionBrownout.starts_at
    )
)
_RETIREMENTS: Final = Read(select(VersionRetirement.api_version, VersionRetirement.retired_at))


@dataclass(frozen=True, slots=True)
class UsageDelta:
    """Requests of one consumer for one thing on one day, as they are added up."""

    api_version: str
    consumer: str
    operation: str
    feature: str
    day: date
    requests: int
    first_seen: datetime
    last_seen: datetime


class DecisionQueries:
    """Reads what was decided about versions."""

    def __init__(self, reads: ReadSession) -> None:
        self._reads = reads

    async def windows(self) -> Mapping[str, Sequence[Window]]:
        """Every brownout by version, by its start."""
        found: dict[str, list[Window]] = {}
        for name, starts_at, ends_at in await self._reads.all(_WINDOWS):
            found.setdefault(name, []).append(Window(starts_at, ends_at))
        return found

    async def retirements(self) -> Mapping[str, datetime]:
        """When each version was retired that was."""
        return {row[0]: row[1] for row in await self._reads.all(_RETIREMENTS)}


class DecisionRepository:
    """Writes what is decided about versions."""

    def __init__(self, session: WriteSession) -> None:
        self._session = session

    async def lock(self) -> None:
        """Wait until nobody else decides, for the rest of the transaction."""
        await lock(self._session, "lifecycle")

    async def windows(self, version: str) -> list[Window]:
        rows = await self._session.execute(
            select(VersionBrownout.starts_at, VersionBrownout.ends_at)
            .where(VersionBrownout.api_version == version)
            .order_by(VersionBrownout.starts_at)
        )
        return [Window(*row) for row in rows]

    async def retired_at(self, version: str) -> datetime | None:
        found: datetime | None = await self._session.scalar(
            select(VersionRetirement.retired_at).where(VersionRetirement.api_version == version)
        )
        return found

    def schedule(self, version: str, window: Window) -> None:
        self._session.add(VersionBrownout(api_version=version, starts_at=window.starts_at, ends_at=window.ends_at))

    async def cancel(self, version: str, span: Window, now: datetime) -> int:
        """Remove what has not begun within a span, and end what has. How many brownouts that were."""
        within = and_(
            VersionBrownout.api_version == version,
            VersionBrownout.starts_at < span.ends_at,
            VersionBrownout.ends_at > max(span.starts_at, now),
        )
        removed = await self._session.execute(delete(VersionBrownout).where(within, VersionBrownout.starts_at >= now))
        ended = await self._session.execute(update(VersionBrownout).where(within).values(ends_at=now))
        return sum(_rows(result) for result in (removed, ended))

    def retire(self, version: str, now: datetime) -> None:
        self._session.add(VersionRetirement(api_version=version, retired_at=now))

    async def consent(self, version: str, user_id: int, note: str, now: datetime) -> None:
        """Keep the last word of an account."""
        statement = insert(VersionConsent).values(api_version=version, user_id=user_id, note=note, given_at=now)
        await self._session.execute(
            statement.on_conflict_do_update(
                index_elements=["api_version", "user_id"],
                set_={"note": statement.excluded.note, "given_at": statement.excluded.given_at},
            )
        )

    async def withdraw(self, version: str, user_id: int) -> bool:
        """Whether there was a consent."""
        result = await self._session.execute(
            delete(VersionConsent).where(VersionConsent.api_version == version, VersionConsent.user_id == user_id)
        )
        return _rows(result) > 0


def _rows(result: Any) -> int:
    return result.rowcount if isinstance(result, CursorResult) else 0


_ACCOUNT: Final = or_(User.id == ApiKey.user_id, cast(User.uid, Text) == VersionUsage.consumer)
_SAME: Final = ("api_version", "consumer", "operation", "feature", "day")
"""What tells one row of usage from another."""
_USAGE: Final = (
    select(
        VersionUsage.consumer,
        VersionUsage.operation,
        VersionUsage.feature,
        func.sum(VersionUsage.requests).label("requests"),
        func.max(VersionUsage.last_seen).label("last_seen"),
        User.id.label("account_id"),
        User.email.label("account"),
        ApiKey.name.label("key_name"),
        ApiKey.hint.label("key_hint"),
        VersionConsent.given_at.label("consented_at"),
    )
    .outerjoin(ApiKey, cast(ApiKey.uid, Text) == VersionUsage.consumer)
    .outerjoin(User, _ACCOUNT)
    .outerjoin(
        VersionConsent,
        and_(VersionConsent.user_id == User.id, VersionConsent.api_version == VersionUsage.api_version),
    )
    .group_by(
        VersionUsage.consumer,
        VersionUsage.operation,
        VersionUsage.feature,
        User.id,
        ApiKey.id,
        VersionConsent.given_at,
    )
    .order_by(func.max(VersionUsage.last_seen).desc())
)


class UsageRepository:
    """Writes and reads who used what."""

    def __init__(self, session: WriteSession) -> None:
        self._session = session

    async def add(self, notes: Sequence[UsageDelta]) -> None:
        """Add to what is there, in one order, so that two workers never wait for each other in a ring."""
        statement = insert(VersionUsage)
        upsert = statement.on_conflict_do_update(
            index_elements=_SAME,
            set_={
                "requests": VersionUsage.requests + statement.excluded.requests,
                "first_seen": func.least(VersionUsage.first_seen, statement.excluded.first_seen),
                "last_seen": func.greatest(VersionUsage.last_seen, statement.excluded.last_seen),
            },
        )
        rows = sorted(map(asdict, notes), key=itemgetter(*_SAME))
        connection = await self._session.connection()
        await connection.execute(upsert, rows)

    async def of(self, version: str) -> Sequence[Mapping[str, Any]]:
        """By consumer, operation and feature, those seen last first."""
        rows = await self._session.execute(_USAGE.where(VersionUsage.api_version == version))
        return [dict(row) for row in rows.mappings()]

    async def purge(self, before: date) -> int:
        """Forget what was before a day. How many rows that were."""
        return _rows(await self._session.execute(delete(VersionUsage).where(VersionUsage.day < before)))
