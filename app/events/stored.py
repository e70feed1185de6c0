"""Events as consumers, streams and webhooks read them."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from operator import itemgetter
from typing import Any, Final
from uuid import UUID

from app.kit.db.sessions import Row


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """A committed event; the fields are named like the columns of ``events``.

    ``position`` gives the order of events; there are gaps. ``payload`` contains the fields of the event of this
    ``type`` and ``schema``. ``subject_id`` and the owners are None where an event has none.
    """

    id: int
    uid: UUID
    position: int
    type: str
    schema: int
    subject_uid: UUID
    subject_id: int | None
    owner_uid: UUID | None
    counterparty_uid: UUID | None
    actor_uid: UUID | None
    audience: str
    payload: Mapping[str, Any]
    occurred_at: datetime
    traceparent: str | None
    request_id: str | None

    @classmethod
    def from_row(cls, row: Row | Mapping[Any, Any]) -> "StoredEvent":
        """Build the event from a row with a column for each field."""
        return cls(*_FIELDS(row))


_FIELDS: Final = itemgetter(*(field.name for field in fields(StoredEvent)))
