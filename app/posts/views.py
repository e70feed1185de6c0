"""Output of the posts feature."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from operator import itemgetter
from typing import Any, Final
from uuid import UUID

from app.kit.db.sessions import Row
from app.kit.frozen import fast_constructor

PostRef = int | UUID
"""Refers to a post by the sequential id or by the uid."""
PostRow = Row
"""A row of a list of posts. It has a column for each field of ``PostView``; ``STORED`` converts columns to fields."""


class PostStatus(StrEnum):
    """A published post is visible to every caller; posts of another status to their author and to admins."""

    DRAFT = "draft"
    PUBLISHED = "published"
    ARCHIVED = "archived"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of a post. ``size`` is in bytes."""

    uid: UUID
    name: str
    content_type: str
    size: int


@dataclass(frozen=True, slots=True)
class PostView:
    """A post with the uid and the name of its author; the other fields are named like their columns."""

    id: int
    uid: UUID
    author_id: int
    author_uid: UUID
    author_name: str
    title: str
    content: str
    status: str
    published_at: datetime | None
    view_count: int
    revision: int
    created_at: datetime
    updated_at: datetime
    attachments: tuple[Attachment, ...]

    @staticmethod
    def from_row(row: Row) -> "PostView":
        """Build the view from a row with a column for each field."""
        return _build(*_FIELDS(row), _attachments(row["attachments"]))

    def differences(self, other: "PostView") -> dict[str, Any]:
        """The values that differ from those of the other view, by the names of the fields."""
        return {name: value for name in _ALL if (value := getattr(self, name)) != getattr(other, name)}


def _attachments(text: str | None) -> tuple[Attachment, ...]:
    """The files of a post, from the JSON of an array of the values of each."""
    return () if text is None else tuple(Attachment(UUID(uid), *values) for uid, *values in json.loads(text))


STORED: Final[Mapping[str, Callable[[Any], Any]]] = {"attachments": _attachments}
"""The functions that return the value of a field from that of its column, where the two differ."""
# Reading all columns with one call is the fastest way by name.
_build: Final = fast_constructor(PostView)
_ALL: Final = tuple(field.name for field in fields(PostView))
_FIELDS: Final = itemgetter(*(name for name in _ALL if name != "attachments"))


@dataclass(frozen=True, slots=True)
class OwnedPost:
    """What decides who may see a post."""

    author_id: int
    status: str


@dataclass(frozen=True, slots=True)
class Highlights:
    """Passages that match the query: HTML with the text escaped and the matches in ``<mark>``."""

    title: str
    content: str


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A post, its rank (a non-negative number without unit) and the matching passages."""

    post: PostView
    rank: float
    highlights: Highlights


@dataclass(frozen=True, slots=True)
class CountedPage:
    """A page and the number of posts on all pages."""

    items: list[PostRow]
    total: int
