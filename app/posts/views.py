"""Output of the posts feature."""

from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from operator import itemgetter
from typing import Any, Final
from uuid import UUID

from sqlalchemy import RowMapping

from app.kit.db.sessions import Row
from app.models import Post

PostRef = int | UUID
"""Refers to a post by the sequential id or by the uid."""


class PostStatus(StrEnum):
    """A published post is visible to every caller; posts of another status to their author and to admins."""

    DRAFT = "draft"
    PUBLISHED = "published"
    ARCHIVED = "archived"


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

    @classmethod
    def from_row(cls, row: Row | RowMapping) -> "PostView":
        """Build the view from a row with a column for each field."""
        return cls(*_FIELDS(row))

    @classmethod
    def from_entity(cls, post: Post, author_uid: UUID, author_name: str) -> "PostView":
        """Build the view from an entity of the current transaction."""
        author: dict[str, Any] = {"author_uid": author_uid, "author_name": author_name}
        return cls(**author, **{name: getattr(post, name) for name in _NAMES if name not in author})


# Listings build up to a hundred views for a request; reading all columns with one call is the fastest way by name.
_NAMES: Final = tuple(field.name for field in fields(PostView))
_FIELDS: Final = itemgetter(*_NAMES)


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

    items: list[PostView]
    total: int
