"""Output of the notifications feature."""

from dataclasses import dataclass, fields
from datetime import datetime
from operator import attrgetter, itemgetter
from typing import Final
from uuid import UUID

from app.kit.db.sessions import Row
from app.models import Notification

RecipientRef = int | UUID
"""Refers to a user by the sequential id or by the uid."""


@dataclass(frozen=True, slots=True)
class NotificationView:
    """A notification; the fields are named like the columns."""

    id: int
    uid: UUID
    sender_uid: UUID
    message: str
    created_at: datetime
    read_at: datetime | None

    @classmethod
    def from_row(cls, row: Row) -> "NotificationView":
        """Build the view from a row with a column for each field."""
        return cls(*_OF_ROW(row))

    @classmethod
    def from_entity(cls, notification: Notification) -> "NotificationView":
        """Build the view from an entity of the current transaction."""
        return cls(*_OF_ENTITY(notification))


FIELDS: Final = tuple(field.name for field in fields(NotificationView))
_OF_ROW: Final = itemgetter(*FIELDS)
_OF_ENTITY: Final = attrgetter(*FIELDS)
