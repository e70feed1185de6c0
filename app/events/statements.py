"""Statements about events."""

from dataclasses import fields
from typing import Final

from sqlalchemy import Text, bindparam, exists, func, select, text
from sqlalchemy.sql import literal_column

from app.events.stored import StoredEvent
from app.kit.db.statements import Read
from app.models import Event, EventConsumer

COLUMNS: Final = tuple(getattr(Event, field.name) for field in fields(StoredEvent))
INSERT: Final = (
    "INSERT INTO events (uid, type, schema, subject_uid, subject_id, owner_uid, counterparty_uid, actor_uid, audience,"
    " payload, occurred_at, traceparent, request_id)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
)
RELAY: Final = text(
    # The CTE fixes the order in which the sequence is read: that of the ids.
    "WITH batch AS MATERIALIZED (SELECT id FROM events WHERE position IS NULL ORDER BY id LIMIT :limit),"
    " numbered AS MATERIALIZED (SELECT id, nextval('events_position_seq') AS position FROM batch)"
    " UPDATE events SET position = numbered.position FROM numbered WHERE events.id = numbered.id"
    " RETURNING events.position"
)
HAS_UNRELAYED: Final = Read(select(exists().where(Event.position.is_(None))))
_CURSOR: Final = (
    select(EventConsumer.position).where(EventConsumer.name == bindparam("name", type_=Text)).scalar_subquery()
)
HAS_UNHANDLED: Final = Read(select(exists().where(Event.position > _CURSOR)))
HIGHEST: Final = func.coalesce(select(func.max(Event.position)).scalar_subquery(), literal_column("0"))
