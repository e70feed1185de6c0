"""Output of the rooms feature."""

from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from operator import itemgetter
from typing import Final
from uuid import UUID

from app.kit.db.sessions import Row


class MessageKind(StrEnum):
    """What a user did."""

    MESSAGE = "message"
    JOINED = "joined"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class RoomMessageView:
    """A message, or a user who came or left; the fields are named like the columns. ``text`` is that of a message."""

    room_id: int
    position: int
    kind: str
    sender_uid: UUID
    sender_id: int
    text: str | None
    created_at: datetime

    @classmethod
    def from_row(cls, row: Row) -> "RoomMessageView":
        """Build the view from a row with a column for each field."""
        return cls(*_OF_ROW(row))


@dataclass(frozen=True, slots=True)
class RoomView:
    """A room at one moment: the position of its last message, and the one after which its messages are complete."""

    id: int
    position: int
    floor: int


FIELDS: Final = tuple(field.name for field in fields(RoomMessageView))
_OF_ROW: Final = itemgetter(*FIELDS)
