"""Writes of the lifecycle feature, and the report on usage that a decision reads in its own transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import CursorResult, Text, and_, cast, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from app.kit.db.locks import lock
from app.kit.db.sessions import WriteSession
from app.lifecycle.version import Window
from app.models import ApiKey, UsageDay, User, VersionBrownout, VersionConsent, VersionRetirement


class DecisionRepository:
    """Brownouts, retirements and consents in one transaction."""

    def __init__(self, session: WriteSession) -> None:
        self._session = session

    async def lock(self) -> None:
        """Serialise decisions: wait for other transactions that decide, until the end of this one."""
        await lock(self._session, "lifecycle")

    async def windows(self, version: str) -> list[Window]:
        rows = await self._session.execute(
            select(VersionBrownout.starts_at, VersionBrownout.ends_at)
            .where(VersionBrownout.api_version == version)
            .order_by(VersionBrownout.starts_at)
        )
        return [Window(row.starts_at, row.ends_at) for row in rows]

    async def retired_at(self, version: str) -> datetime | None:
        found: datetime | None = await self._session.scalar(
            select(VersionRetirement.retired_at).where(VersionRetirement.api_version == version)
        )
        return found

    def schedule(self, version: str, window: Window) -> None:
        self._session.add(VersionBrownout(api_version=version, starts_at=window.starts_at, ends_at=window.ends_at))

    async def cancel(self, version: str, span: Window, now: datetime) -> int:
        """Delete future brownouts within a span, end open ones now, and return the number of both."""
        within = and_(
            VersionBrownout.api_version == version,
            VersionBrownout.starts_at < span.ends_at,
            VersionBrownout.ends_at > max(span.starts_at, now),
        )
        removed = await self._session.execute(delete(VersionBrownout).where(within, VersionBrownout.starts_at >= now))
        ended = await self._session.execute(update(VersionBrownout).where(within).values(ends_at=now))
        return sum(_row_count(result) for result in (removed, ended))

    def retire(self, version: str, now: datetime) -> None:
        self._session.add(VersionRetirement(api_version=version, retired_at=now))

    async def consent(self, version: str, user_id: int, note: str, now: datetime) -> UUID | None:
        """Record the consent of a user, in place of an earlier one, and return the uid of the user."""
        statement = insert(VersionConsent).values(api_version=version, user_id=user_id, note=note, given_at=now)
        await self._session.execute(
            statement.on_conflict_do_update(
                index_elements=["api_version", "user_id"],
                set_={"note": statement.excluded.note, "given_at": statement.excluded.given_at},
            )
        )
        return await self._uid(user_id)

    async def withdraw(self, version: str, user_id: int) -> UUID | None:
        """Delete the consent of a user and return the uid of the user; None if there was none."""
        result = await self._session.execute(
            delete(VersionConsent).where(VersionConsent.api_version == version, VersionConsent.user_id == user_id)
        )
        return await self._uid(user_id) if _row_count(result) else None

    async def _uid(self, user_id: int) -> UUID | None:
        found: UUID | None = await self._session.scalar(select(User.uid).where(User.id == user_id))
        return found


def _row_count(result: Any) -> int:
    return result.rowcount if isinstance(result, CursorResult) else 0


_USER_OF_CONSUMER: Final = or_(User.id == ApiKey.user_id, cast(User.uid, Text) == UsageDay.consumer)
_USAGE: Final = (
    select(
        UsageDay.consumer,
        UsageDay.operation,
        UsageDay.feature,
        func.sum(UsageDay.requests - UsageDay.rejections).label("requests"),
        func.max(UsageDay.last_seen).label("last_seen"),
        User.id.label("account_id"),
        User.email.label("account"),
        ApiKey.name.label("key_name"),
        ApiKey.hint.label("key_hint"),
        VersionConsent.given_at.label("consented_at"),
    )
    .outerjoin(ApiKey, cast(ApiKey.uid, Text) == UsageDay.consumer)
    .outerjoin(User, _USER_OF_CONSUMER)
    .outerjoin(
        VersionConsent,
        and_(VersionConsent.user_id == User.id, VersionConsent.api_version == UsageDay.api_version),
    )
    .group_by(
        UsageDay.consumer,
        UsageDay.operation,
        UsageDay.feature,
        User.id,
        ApiKey.id,
        VersionConsent.given_at,
    )
    .having(func.sum(UsageDay.requests - UsageDay.rejections) > 0)
    .order_by(func.max(UsageDay.last_seen).desc())
)


class UsageReportRepository:
    """Reads recorded usage in the transaction of a decision."""

    def __init__(self, session: WriteSession) -> None:
        self._session = session

    async def by_consumer(self, version: str, *, features_only: bool) -> Sequence[Mapping[str, Any]]:
        """Usage by consumer, operation and feature, most recent first; rejected requests are no usage.

        ``features_only``: without the operations as a whole, which are reported for deprecated versions.
        """
        statement = _USAGE.where(UsageDay.api_version == version)
        if features_only:
            statement = statement.where(UsageDay.feature != "")
        rows = await self._session.execute(statement)
        return [dict(row) for row in rows.mappings()]
