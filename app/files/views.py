"""What leaves the feature."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from operator import itemgetter
from typing import Final, Literal
from uuid import UUID

from app.kit.db.sessions import Row

VisibilityName = Literal["private", "signed_in", "public"]
FileRef = int | UUID
"""Refers to a file by the sequential id or by the uid."""


class Visibility(StrEnum):
    """Who may read a file beside its owner."""

    PRIVATE = "private"
    SIGNED_IN = "signed_in"
    """Every user who has the link."""
    PUBLIC = "public"
    """Everybody who has the link."""


@dataclass(frozen=True, slots=True)
class FileView:
    """A file that is ready. ``size`` is in bytes."""

    id: int
    uid: UUID
    owner_id: int
    owner_uid: UUID
    name: str
    content_type: str
    object_key: str
    size: int
    sha256: bytes
    visibility: VisibilityName
    created_at: datetime

    @classmethod
    def from_row(cls, row: Row) -> "FileView":
        """Build the view from a row with a column for each field."""
        return cls(*_FIELDS(row))


_FIELDS: Final = itemgetter(*(field.name for field in fields(FileView)))


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """The request that uploads content to the bucket. ``url`` is a secret."""

    method: str
    url: str
    headers: Mapping[str, str]
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class PendingFile:
    """A file whose client uploads its content to the bucket itself."""

    uid: UUID
    owner_uid: UUID
    name: str
    content_type: str
    visibility: VisibilityName
    created_at: datetime
    upload: SignedRequest
