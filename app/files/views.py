"""What leaves the feature."""

from dataclasses import dataclass, fields
from datetime import datetime
from operator import itemgetter
from typing import Final
from uuid import UUID

from app.kit.db.sessions import Row


@dataclass(frozen=True, slots=True)
class FileView:
    """A file that is ready. ``size`` is in bytes."""

    id: int
    uid: UUID
    name: str
    content_type: str
    object_key: str
    size: int
    sha256: bytes
    created_at: datetime

    @classmethod
    def from_row(cls, row: Row) -> "FileView":
        """Build the view from a row with a column for each field."""
        return cls(*_FIELDS(row))


_FIELDS: Final = itemgetter(*(field.name for field in fields(FileView)))
