"""Reads of the feature: what users use of a version, and who depends on it."""

from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Date,
    Integer,
    Text,
    bindparam,
    cast,
    column,
    func,
    literal,
    null,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB

from app.kit.db.sessions import ReadSession, Row
from app.kit.db.statements import Read
from app.migration_guides.views import ElementUsage, OperationUsage, Recipient, UserUsage
from app.models import KEY_CONSUMER, ApiKey, UsageDay, UsageElements, User, VersionNotice, WebhookEndpoint
from app.models.usage import ANONYMOUS

MOST_ROWS: Final = 3000
"""The rows of one read about one user. Of more evidence, the newest is read; of more keys, those with most requests."""
_VERSION: Final = bindparam("version", type_=Text())
_USER: Final = bindparam("user_id", type_=Integer())
_PERIOD: Final = (bindparam("since", type_=Date()), bindparam("until", type_=Date()))
_OWN: Final = (
    select(KEY_CONSUMER.label("consumer"))
    .where(ApiKey.user_id == _USER)
    .union_all(select(cast(User.uid, Text)).where(User.id == _USER))
)
_REQUESTS: Final = func.sum(UsageDay.requests - UsageDay.rejections)
"""Rejected requests are no usage."""
_USED: Final = (UsageDay.feature == "", UsageDay.api_version == _VERSION, UsageDay.day.between(*_PERIOD))

_OPERATIONS: Final = Read(
    select(
        UsageDay.consumer,
        UsageDay.operation,
        _REQUESTS.label("requests"),
        func.max(UsageDay.last_seen).label("last_seen"),
    )
    .where(*_USED, UsageDay.consumer.in_(_OWN))
    .group_by(UsageDay.consumer, UsageDay.operation)
    .having(_REQUESTS > 0)
    .order_by(_REQUESTS.desc(), UsageDay.consumer, UsageDay.operation)
    .limit(MOST_ROWS)
)
_RECENT: Final = (
    select(UsageElements.operation, UsageElements.observed, UsageElements.elements)
    .where(
        UsageElements.api_version == _VERSION,
        UsageElements.day.between(*_PERIOD),
        UsageElements.consumer.in_(_OWN),
    )
    .order_by(UsageElements.day.desc())
    .limit(MOST_ROWS)
    .cte("recent")
)
_EACH: Final = func.jsonb_each(_RECENT.c.elements).table_valued(column("key", Text), column("value", JSONB))


def _count(name: str) -> ColumnElement[Any]:
    return func.sum(func.coalesce(cast(_EACH.c.value[name].astext, Integer), 0)).label(name)


_NO_ELEMENT: Final = ""
_OBSERVED: Final = select(
    _RECENT.c.operation, literal(_NO_ELEMENT), func.sum(_RECENT.c.observed), literal(0), literal(value=False)
).group_by(_RECENT.c.operation)
_BY_ELEMENT: Final = (
    select(
        _RECENT.c.operation,
        _EACH.c.key.label("element"),
        _count("present"),
        _count("possible"),
        func.bool_or(or_(_EACH.c.value.has_key("unknown"), _EACH.c.value.has_key("unknown_dropped"))).label(
            "undeclared"
        ),
    )
    .select_from(_RECENT)
    .join(_EACH, true())
    .group_by(_RECENT.c.operation, _EACH.c.key)
    .union_all(_OBSERVED)
    .subquery("by_element")
)
_ELEMENTS: Final = Read(select(_BY_ELEMENT))
_KEYS: Final = Read(
    select(KEY_CONSUMER.label("consumer"), ApiKey.name, ApiKey.hint)
    .where(ApiKey.user_id == _USER, ApiKey.rotated_at.is_(None))
    .order_by(ApiKey.id.desc())
    .limit(MOST_ROWS)
)
_WEBHOOKS: Final = Read(
    select(WebhookEndpoint.events)
    .where(
        WebhookEndpoint.owner_id == _USER,
        WebhookEndpoint.state == "active",
        WebhookEndpoint.api_version == _VERSION,
    )
    .limit(MOST_ROWS)
)

_BY_CONSUMER: Final = (
    select(UsageDay.consumer, _REQUESTS.label("requests"), func.max(UsageDay.last_seen).label("last_seen"))
    .where(*_USED)
    .group_by(UsageDay.consumer)
    .having(_REQUESTS > 0)
    .cte("by_consumer")
)
_OWNERS: Final = (
    select(KEY_CONSUMER.label("consumer"), ApiKey.user_id)
    .union(select(cast(User.uid, Text), User.id))
    .subquery("owners")
)
_DEPENDENT: Final = (
    select(_OWNERS.c.user_id, _BY_CONSUMER.c.requests, _BY_CONSUMER.c.last_seen)
    .join(_BY_CONSUMER, _BY_CONSUMER.c.consumer == _OWNERS.c.consumer)
    .union_all(
        select(WebhookEndpoint.owner_id, literal(0), null()).where(
            WebhookEndpoint.state == "active", WebhookEndpoint.api_version == _VERSION
        )
    )
    .subquery("dependent")
)
_NOTIFIED: Final = (
    select(func.max(VersionNotice.created_at))
    .where(
        VersionNotice.user_id == User.id,
        VersionNotice.api_version == _VERSION,
        VersionNotice.ends_on == bindparam("ends_on", type_=Date()),
    )
    .scalar_subquery()
)
_TOTAL: Final = func.sum(_DEPENDENT.c.requests)
_RECIPIENTS: Final = Read(
    select(
        User.id.label("user_id"),
        User.uid.label("user_uid"),
        User.email,
        User.is_active,
        User.is_verified,
        _TOTAL.label("requests"),
        func.max(_DEPENDENT.c.last_seen).label("last_seen"),
        _NOTIFIED.label("notified_at"),
    )
    .join(_DEPENDENT, _DEPENDENT.c.user_id == User.id)
    .group_by(User.id)
    .order_by(_TOTAL.desc(), User.id)
)
_ANONYMOUS: Final = Read(select(func.coalesce(_REQUESTS, 0)).where(*_USED, UsageDay.consumer == ANONYMOUS))
_NOTICE: Final = Read(
    select(VersionNotice.guide, User.email)
    .join(User, User.id == VersionNotice.user_id)
    .where(VersionNotice.uid == bindparam("uid"), User.is_active, User.is_verified)
)


class PersonalGuideQueries:
    """Reads usage with a bounded number of rows."""

    def __init__(self, reads: ReadSession) -> None:
        self._reads = reads

    async def usage(self, user_id: int, version: str, since: date, until: date) -> UserUsage:
        """What a user uses of a version on these days, both included, with all API keys and sessions."""
        period = {"user_id": user_id, "version": version, "since": since, "until": until}
        totals = await self._reads.all(_OPERATIONS, **period)
        observed, elements = _by_operation(await self._reads.all(_ELEMENTS, **period))
        grouped: dict[str, list[Row]] = {}
        for row in totals:
            grouped.setdefault(row["operation"], []).append(row)
        operations = {
            name: OperationUsage(
                requests=sum(int(row["requests"]) for row in rows),
                last_seen=max(row["last_seen"] for row in rows),
                consumers=tuple(row["consumer"] for row in rows),
                observed=observed.get(name, 0),
                elements=elements.get(name, {}),
            )
            for name, rows in grouped.items()
        }
        keys = await self._reads.all(_KEYS, user_id=user_id)
        webhooks = await self._reads.all(_WEBHOOKS, user_id=user_id, version=version)
        labels = {row["consumer"]: _label(row["name"], row["hint"]) for row in keys}
        return UserUsage(operations, [row["events"] for row in webhooks], labels)

    async def recipients(self, version: str, ends_on: date, since: date, until: date) -> list[Recipient]:
        """The users who called a version on these days or receive its webhooks, those with most requests first."""
        rows = await self._reads.all(_RECIPIENTS, version=version, ends_on=ends_on, since=since, until=until)
        return [Recipient.from_row(row) for row in rows]

    async def anonymous_requests(self, version: str, since: date, until: date) -> int:
        """The requests without credentials on these days."""
        return int(await self._reads.scalar(_ANONYMOUS, version=version, since=since, until=until))

    async def notice(self, uid: UUID) -> Row | None:
        """The guide and the address of a notice; None if its user was deleted or deactivated, or is not verified."""
        return await self._reads.one(_NOTICE, uid=uid)


def _by_operation(rows: list[Row]) -> tuple[dict[str, int], dict[str, dict[str, ElementUsage]]]:
    observed: dict[str, int] = {}
    elements: dict[str, dict[str, ElementUsage]] = {}
    for row in rows:
        present = int(row["present"])
        if row["element"] == _NO_ELEMENT:
            observed[row["operation"]] = present
        else:
            found = ElementUsage(present, int(row["possible"]), row["undeclared"])
            elements.setdefault(row["operation"], {})[row["element"]] = found
    return observed, elements


def _label(name: str, hint: str) -> str:
    """A key as its owner knows it. The name is what the owner entered: on one line, without control characters."""
    words = " ".join("".join(one if one.isprintable() else " " for one in name).split())
    return f'"{words}" ({hint}...)'
