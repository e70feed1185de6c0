"""Reads of webhook endpoints and deliveries."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, ColumnElement, Text, any_, bindparam, select

from app.kit.db.keyset import Position, Slice, apply_keyset, bind_params, page_from_rows
from app.kit.db.sessions import ReadSession
from app.kit.db.statements import KeyedRead, Read
from app.models import Delivery, DeliveryAttempt, Event, User, WebhookEndpoint, WebhookSecret
from app.webhooks.commands import DeliveryFilter
from app.webhooks.delivery_views import AttemptView, DeliveryView
from app.webhooks.statements import BACKLOG, HAS_DUE, SIGNS, STATES
from app.webhooks.views import EndpointView, OwnedUrl, SealedSecret

_ENDPOINTS: Final = select(*(getattr(WebhookEndpoint, field.name) for field in fields(EndpointView)))
_ENDPOINT: Final = KeyedRead(_ENDPOINTS, WebhookEndpoint.uid)
_OWN: Final = _ENDPOINTS.where(WebhookEndpoint.owner_id == bindparam("owner_id"))
_ALL_OWN: Final = Read(_OWN.order_by(WebhookEndpoint.id))
_PAGES: Final = {after: Read(apply_keyset(_OWN, ((WebhookEndpoint.id, True),), after=after)) for after in (False, True)}
_OWNED: Final = Read(
    select(WebhookEndpoint.url, User.email)
    .join(User, User.id == WebhookEndpoint.owner_id)
    .where(WebhookEndpoint.uid == bindparam("uid", type_=WebhookEndpoint.uid.type), User.is_active)
)
_SECRETS: Final = Read(
    select(WebhookSecret.uid, WebhookSecret.sealed)
    .where(WebhookSecret.endpoint_id == bindparam("endpoint_id", type_=BigInteger), SIGNS)
    .order_by(WebhookSecret.uid.desc())
)

_ENDPOINT_COLUMNS: Final = (WebhookEndpoint.uid.label("endpoint_uid"), WebhookEndpoint.owner_uid)
_FIELDS: Final = (getattr(Delivery, each.name) for each in fields(DeliveryView) if hasattr(Delivery, each.name))
_DELIVERIES: Final = select(*_FIELDS, *_ENDPOINT_COLUMNS).join(
    WebhookEndpoint, WebhookEndpoint.id == Delivery.endpoint_id
)
_DELIVERY: Final = KeyedRead(_DELIVERIES, Delivery.uid)
_TO_ENDPOINT: Final = Delivery.endpoint_id == bindparam("endpoint_id", type_=BigInteger)
_CONDITIONS: Final[dict[str, ColumnElement[bool]]] = {
    "status": Delivery.status == bindparam("status", type_=Delivery.status.type),
    "types": Delivery.event_type == any_(bindparam("types", type_=ARRAY(Text()))),
}
_BY_POSITION: Final = ((Delivery.position, False), (Delivery.id, False))
_LAST: Final = Read(
    select(Delivery.position, Delivery.id)
    .join(Event, Event.position == Delivery.position)
    .where(_TO_ENDPOINT, Event.uid == bindparam("event_uid", type_=Event.uid.type))
    .order_by(Delivery.id.desc())
    .limit(1)
)
_ATTEMPTS: Final = Read(
    select(*(getattr(DeliveryAttempt, each.name) for each in fields(AttemptView)))
    .where(DeliveryAttempt.delivery_id == bindparam("delivery_id", type_=BigInteger))
    .order_by(DeliveryAttempt.number)
)


@cache
def _deliveries(names: frozenset[str], *, after: bool) -> Read:
    """The statement of a page with these filters."""
    statement = _DELIVERIES.where(_TO_ENDPOINT, *(_CONDITIONS[name] for name in sorted(names)))
    return Read(apply_keyset(statement, _BY_POSITION, after=after))


class WebhookQueries:
    """Reads endpoints of any owner; readers apply the policy."""

    def __init__(self, reads: ReadSession) -> None:
        self._reads = reads

    async def endpoint(self, uid: UUID) -> EndpointView | None:
        row = await self._reads.by_key(_ENDPOINT, uid)
        return None if row is None else EndpointView.from_row(row)

    async def all(self, owner_id: int) -> list[EndpointView]:
        """The endpoints of a user, oldest first."""
        return [EndpointView.from_row(row) for row in await self._reads.all(_ALL_OWN, owner_id=owner_id)]

    async def page(self, owner_id: int, after: Position | None, limit: int) -> Slice[EndpointView]:
        """The endpoints of a user, newest first."""
        read = _PAGES[after is not None]
        rows = await self._reads.all(read, owner_id=owner_id, limit=limit + 1, **bind_params(after))
        return page_from_rows([EndpointView.from_row(row) for row in rows], limit, lambda view: (view.id,))

    async def owned(self, uid: UUID) -> OwnedUrl | None:
        """The URL and the address of the active owner of an endpoint; None without both."""
        row = await self._reads.one(_OWNED, uid=uid)
        return None if row is None else OwnedUrl(row["url"], row["email"])

    async def has_due(self, now: datetime) -> bool:
        """Whether a delivery waits for an attempt."""
        return bool(await self._reads.scalar(HAS_DUE, now=now))

    async def backlog(self, now: datetime) -> tuple[int, datetime | None]:
        """The number of due deliveries, and since when one is due at an endpoint that no worker is sending to."""
        row = await self._reads.one(BACKLOG, now=now)
        return (0, None) if row is None else (int(row["count"]), row["oldest"])

    async def states(self) -> Mapping[str, int]:
        """The number of endpoints by state."""
        return {row["name"]: row["count"] for row in await self._reads.all(STATES)}

    async def secrets(self, endpoint_id: int, now: datetime) -> list[SealedSecret]:
        """The secrets that sign, newest first."""
        rows = await self._reads.all(_SECRETS, endpoint_id=endpoint_id, now=now)
        return [SealedSecret(row["uid"], row["sealed"]) for row in rows]


class DeliveryQueries:
    """Reads deliveries to any endpoint; readers apply the policy."""

    def __init__(self, reads: ReadSession) -> None:
        self._reads = reads

    async def delivery(self, uid: UUID) -> DeliveryView | None:
        row = await self._reads.by_key(_DELIVERY, uid)
        return None if row is None else DeliveryView.from_row(row)

    async def attempts(self, delivery_id: int) -> list[AttemptView]:
        """The attempts of a delivery, the first one first."""
        return [AttemptView.from_row(row) for row in await self._reads.all(_ATTEMPTS, delivery_id=delivery_id)]

    async def last_of(self, endpoint_id: int, event_uid: UUID) -> Position | None:
        """The position of the newest delivery of an event to an endpoint; None without one."""
        row = await self._reads.one(_LAST, endpoint_id=endpoint_id, event_uid=event_uid)
        return None if row is None else (row["position"], row["id"])

    async def page(
        self, endpoint_id: int, wanted: DeliveryFilter, after: Position | None, limit: int
    ) -> Slice[DeliveryView]:
        """Deliveries to an endpoint, in the order of their events."""
        values: dict[str, Any] = wanted.given()
        read = _deliveries(frozenset(values), after=after is not None)
        rows = await self._reads.all(read, endpoint_id=endpoint_id, limit=limit + 1, **values, **bind_params(after))
        return page_from_rows([DeliveryView.from_row(row) for row in rows], limit, lambda one: (one.position, one.id))
