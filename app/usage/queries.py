"""Reads of the usage feature."""

from collections.abc import Sequence
from datetime import date, datetime
from itertools import product
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, Date, DateTime, Label, Select, Text, Uuid, bindparam, cast, func, literal_column, select

from app.kit.db.keyset import Position, Slice, apply_keyset, bind_params, page_from_rows
from app.kit.db.sessions import ReadSession, Row
from app.kit.db.statements import Read
from app.models import KEY_CONSUMER, KEY_FAMILY, ApiKey, UsageDay, UsageElements, UsageWatch, User, WebhookEndpoint
from app.models.usage import ANONYMOUS, BUCKETS, VersionConsumers
from app.usage.commands import UsageFilter
from app.usage.views import PlanConsumers

_OWNER: Final = bindparam("user_id", type_=ApiKey.user_id.type)
_KEYS: Final = select(KEY_CONSUMER.label("consumer")).where(ApiKey.user_id == _OWNER)
_CONSUMERS: Final = _KEYS.union_all(select(cast(User.uid, Text)).where(User.id == _OWNER))
_KEY_UID: Final = (
    select(ApiKey.uid)
    .where(ApiKey.user_id == _OWNER, ApiKey.rotated_at.is_(None), UsageDay.consumer == KEY_CONSUMER)
    .correlate(UsageDay)
    .limit(1)
    .scalar_subquery()
)
_DAY: Final = func.to_char(UsageDay.day, "YYYY-MM-DD", type_=Text)
"""As text, which a cursor can contain; it sorts as the day does."""
_NEWEST_FIRST: Final = ((_DAY, True), (UsageDay.consumer, True))
_LATENCIES: Final[Label[Any]] = literal_column(
    f"ARRAY[{', '.join(f'sum(usage_days.latencies[{n}])' for n in range(1, BUCKETS + 1))}]"
).label("latencies")


def _read(*, key: bool, after: bool) -> Read:
    consumers: Select[Any] = select(_CONSUMERS.subquery())
    if key:
        one = select(KEY_FAMILY).where(ApiKey.uid == bindparam("key_uid", type_=Uuid())).scalar_subquery()
        consumers = _KEYS.where(one == KEY_FAMILY)
    statement = (
        select(
            UsageDay.day,
            UsageDay.consumer,
            _KEY_UID.label("key_uid"),
            func.sum(UsageDay.requests).label("requests"),
            func.sum(UsageDay.errors).label("errors"),
            func.sum(UsageDay.rejections).label("rejections"),
            func.sum(func.coalesce(UsageDay.deprecated_calls, UsageDay.requests)).label("deprecated_calls"),
            _LATENCIES,
        )
        .where(UsageDay.feature == "", UsageDay.consumer.in_(consumers))
        .where(UsageDay.day >= bindparam("since", type_=Date()), UsageDay.day <= bindparam("until", type_=Date()))
        .group_by(UsageDay.day, UsageDay.consumer)
    )
    return Read(apply_keyset(statement, _NEWEST_FIRST, after=after))


_PAGES: Final = {(key, after): _read(key=key, after=after) for key, after in product((False, True), repeat=2)}

_WATCHED: Final = Read(
    select(UsageWatch.consumer).where(UsageWatch.ends_at > bindparam("now", type_=DateTime(timezone=True)))
)


class UsageQueries:
    """Reads recorded usage."""

    def __init__(self, reads: ReadSession) -> None:
        self._reads = reads

    async def page(self, user_id: int, wanted: UsageFilter, after: Position | None, limit: int) -> Slice[Row]:
        """Days of a user and the keys of the user, newest first, with one row for each consumer."""
        values: dict[str, Any] = {
            "user_id": user_id,
            "since": wanted.since or date.min,
            "until": wanted.until or date.max,
        }
        if wanted.key_uid is not None:
            values["key_uid"] = wanted.key_uid
        read = _PAGES[wanted.key_uid is not None, after is not None]
        rows = await self._reads.all(read, limit=limit + 1, **values, **bind_params(after))
        return page_from_rows(rows, limit, lambda row: (row["day"].isoformat(), row["consumer"]))


_PERIOD: Final = (bindparam("since", type_=Date()), bindparam("until", type_=Date()))
_CONSUMERS_OF_USERS: Final = select(KEY_CONSUMER.label("consumer")).union_all(select(cast(User.uid, Text)))


def _exists(consumer: Any) -> Any:
    """Whether a consumer was not deleted."""
    return (consumer == ANONYMOUS) | consumer.in_(_CONSUMERS_OF_USERS)


_EVERY_TOTAL: Final = (
    select(
        UsageDay.consumer,
        UsageDay.api_version,
        UsageDay.operation,
        func.sum(UsageDay.requests).label("requests"),
        func.max(UsageDay.last_seen).label("last_seen"),
    )
    .where(UsageDay.feature == "", UsageDay.day.between(*_PERIOD))
    .group_by(UsageDay.consumer, UsageDay.api_version, UsageDay.operation)
)
_THESE: Final = func.any(bindparam("consumers", type_=ARRAY(Text())))
_TOTALS: Final = Read(_EVERY_TOTAL.where(_exists(UsageDay.consumer)))
_TOTALS_OF: Final = Read(_EVERY_TOTAL.where(UsageDay.consumer == _THESE))
_OBSERVED: Final = Read(
    select(UsageElements.consumer)
    .where(UsageElements.day.between(*_PERIOD), _exists(UsageElements.consumer))
    .group_by(UsageElements.consumer)
)
_ELEMENTS: Final = Read(
    select(
        UsageElements.consumer,
        UsageElements.api_version,
        UsageElements.operation,
        UsageElements.key_id,
        UsageElements.observed,
        UsageElements.random,
        UsageElements.elements,
    ).where(
        UsageElements.consumer == _THESE,
        UsageElements.day.between(*_PERIOD),
    )
)
_ENDPOINTS: Final = Read(
    select(
        cast(WebhookEndpoint.owner_uid, Text).label("consumer"), WebhookEndpoint.api_version, WebhookEndpoint.events
    ).where(WebhookEndpoint.state == "active")
)

_OF_OWNER: Final = Read(select(_CONSUMERS.subquery()))
_OF_OWN_KEY: Final = Read(_KEYS.where(ApiKey.uid == bindparam("key_uid", type_=Uuid())))
_EVERY_CONSUMER: Final = _CONSUMERS_OF_USERS.subquery()
_EVERY: Final = Read(select(_EVERY_CONSUMER.c.consumer).distinct())
_OF_KEY: Final = Read(select(KEY_CONSUMER).where(cast(ApiKey.uid, Text) == bindparam("uid", type_=Text())))
_OF_USER: Final = Read(select(cast(User.uid, Text)).where(cast(User.uid, Text) == bindparam("uid", type_=Text())))


class EvidenceQueries:
    """Reads recorded evidence."""

    def __init__(self, reads: ReadSession) -> None:
        self._reads = reads

    async def totals(self, since: date, until: date) -> dict[str, list[Row]]:
        """The requests of each consumer by version and operation, whether observed or not."""
        return _by_consumer(await self._reads.all(_TOTALS, since=since, until=until))

    async def totals_of(self, consumers: Sequence[str], since: date, until: date) -> dict[str, list[Row]]:
        """As ``totals``, of some consumers."""
        rows = await self._reads.all(_TOTALS_OF, consumers=list(consumers), since=since, until=until)
        return _by_consumer(rows)

    async def of_user(self, user_id: int, key_uid: UUID | None) -> list[str]:
        """The consumers of a user: the user and all key families, or that of one key."""
        read, key = (_OF_OWNER, {}) if key_uid is None else (_OF_OWN_KEY, {"key_uid": key_uid})
        return [row["consumer"] for row in await self._reads.all(read, user_id=user_id, **key)]

    async def consumers(self, since: date, until: date) -> list[str]:
        """The consumers with evidence."""
        return [row["consumer"] for row in await self._reads.all(_OBSERVED, since=since, until=until)]

    async def rows(self, consumers: Sequence[str], since: date, until: date) -> dict[str, list[Row]]:
        """The evidence of some consumers."""
        return _by_consumer(await self._reads.all(_ELEMENTS, consumers=list(consumers), since=since, until=until))

    async def known_consumers(self) -> list[str]:
        """Every key family and user."""
        return [row["consumer"] for row in await self._reads.all(_EVERY)]

    async def endpoints(self) -> dict[str, list[Row]]:
        """The active webhook endpoints of each user."""
        return _by_consumer(await self._reads.all(_ENDPOINTS))


def _by_consumer(rows: Sequence[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["consumer"], []).append(row)
    return found


_COUNTED: Final = Read(select(*VersionConsumers.__table__.columns))


class ConsumerCountQueries:
    """Reads how many consumers each version has."""

    def __init__(self, reads: ReadSession) -> None:
        self._reads = reads

    async def all(self) -> list[PlanConsumers]:
        """The numbers of each version and plan."""
        return [PlanConsumers.from_row(row) for row in await self._reads.all(_COUNTED)]


class WatchQueries:
    """Reads which consumers are watched."""

    def __init__(self, reads: ReadSession) -> None:
        self._reads = reads

    async def watched(self, now: datetime) -> frozenset[str]:
        """The consumers whose requests are all observed."""
        return frozenset(row["consumer"] for row in await self._reads.all(_WATCHED, now=now))

    async def consumer(self, uid: str) -> str | None:
        """The consumer of a key or user with this uid; None if there is none."""
        found = await self._reads.scalar(_OF_KEY, uid=uid) or await self._reads.scalar(_OF_USER, uid=uid)
        return None if found is None else str(found)
