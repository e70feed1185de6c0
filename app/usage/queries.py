"""Reads of the usage feature."""

from datetime import date
from itertools import product
from typing import Any, Final

from sqlalchemy import Date, Label, Select, Text, Uuid, bindparam, cast, func, literal_column, select

from app.kit.db.keyset import Position, Slice, apply_keyset, bind_params, page_from_rows
from app.kit.db.sessions import ReadSession, Row
from app.kit.db.statements import Read
from app.models import ApiKey, UsageDay, User
from app.models.usage import BUCKETS
from app.usage.commands import UsageFilter

_FAMILY: Final = func.coalesce(ApiKey.family_uid, ApiKey.uid)
_OWNER: Final = bindparam("user_id", type_=ApiKey.user_id.type)
_KEYS: Final = select(cast(_FAMILY, Text)).where(ApiKey.user_id == _OWNER)
_CONSUMERS: Final = _KEYS.union_all(select(cast(User.uid, Text)).where(User.id == _OWNER))
_KEY_UID: Final = (
    select(ApiKey.uid)
    .where(ApiKey.user_id == _OWNER, ApiKey.rotated_at.is_(None), cast(_FAMILY, Text) == UsageDay.consumer)
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
        one = select(_FAMILY).where(ApiKey.uid == bindparam("key_uid", type_=Uuid())).scalar_subquery()
        consumers = _KEYS.where(one == _FAMILY)
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
