"""What leaves the feature."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self
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
    def from_row(cls, row: Row) -> Self:
        """Raises ``KeyError`` if a column is missing."""
        return cls(**{name: row[name] for name in cls.__slots__})
