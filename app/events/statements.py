"""Statements about events."""

from dataclasses import fields
from typing import Final

from sqlalchemy import ARRAY, Text, bindparam, exists, func, select, text
from sqlalchemy.sql import literal_column

from app.events.stored import StoredEvent
from app.kit.db.inserts import InsertInto
from app.kit.db.statements import Read
from app.models import Event, EventConsumer

COLUMNS: Final = tuple(getattr(Event, field.name) for field in fields(StoredEvent))
INSERT: Final = InsertInto(
    Event.__table__,
    *("uid", "type", "schema", "subject_uid", "subject_id", "owner_uid", "counterparty_uid", "actor_uid", "audience"),
    *("payload", "occurred_at", "traceparent", "request_id"),
)
RELAY: Final = text(
    # The CTE fixes the order in which the sequence is read: that of the ids.
    "WITH batch AS MATERIALIZED (SELECT id FROM events WHERE position IS NULL ORDER BY id LIMIT :limit),"
    " numbered AS MATERIALIZED (SELECT id, nextval('events_position_seq') AS position FROM batch)"
    " UPDATE events SET position = numbered.position FROM numbered WHERE events.id = numbered.id"
    " RETURNING events.position"
)
_BEFORE: Final = bindparam("before", type_=Event.occurred_at.type)
_CONSUMERS: Final = bindparam("consumers", type_=ARRAY(Text()))
HAS_UNRELAYED: Final = Read(select(exists().where(Event.position.is_(None))))
_CURSOR: Final = (
    select(EventConsumer.position).where(EventConsumer.name == bindparam("name", type_=Text)).scalar_subquery()
)
HAS_UNHANDLED: Final = Read(select(exists().where(Event.position > _CURSOR)))
_UNRELAYED: Final = (
    select(Event.occurred_at).where(Event.position.is_(None)).order_by(Event.id).limit(10_000).subquery()
)
UNRELAYED: Final = Read(
    select(func.count().label("count"), func.min(_UNRELAYED.c.occurred_at).label("oldest")).select_from(_UNRELAYED)
)
"""The limit bounds its cost when the relay has been down for long: the measurement then reads a part of an index."""
UNHANDLED: Final = Read(
    select(
        EventConsumer.name,
        select(Event.occurred_at)
        .where(Event.position > EventConsumer.position)
        .order_by(Event.position)
        .limit(1)
        .scalar_subquery()
        .label("oldest"),
    ).where(EventConsumer.name == func.any(_CONSUMERS))
)
FLOOR: Final = Read(select(func.min(Event.position)))
PURGE: Final = text(
    # The oldest positions up to the first event that stays. The newest event stays, since it marks the floor.
    "WITH oldest AS MATERIALIZED (SELECT id, position, occurred_at FROM events WHERE position IS NOT NULL"
    " ORDER BY position LIMIT :limit), bounds AS (SELECT least("
    "(SELECT min(position) FROM oldest WHERE occurred_at >= :before), (SELECT max(position) FROM events),"
    " (SELECT min(position) + 1 FROM event_consumers WHERE name = ANY (:consumers))) AS position)"
    " DELETE FROM events USING oldest, bounds WHERE events.id = oldest.id AND oldest.position < bounds.position"
).bindparams(_BEFORE, _CONSUMERS)
FORGET_CONSUMERS: Final = text(
    # A worker of another release may run the consumer: then it has handled what is so old.
    "DELETE FROM event_consumers AS consumer WHERE NOT name = ANY (:consumers) AND EXISTS (SELECT 1 FROM events"
    " WHERE events.position > consumer.position AND events.occurred_at < :before) RETURNING name"
).bindparams(_BEFORE, _CONSUMERS)
HIGHEST: Final = func.coalesce(select(func.max(Event.position)).scalar_subquery(), literal_column("0"))
