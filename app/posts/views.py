"""What the posts feature hands out."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from app.models import Post

PostRef = int | UUID
"""A post by the sequential id or by the uid."""


class PostStatus(StrEnum):
    """Who may see a post: everybody once it is published, else its author and admins."""

    DRAFT = "draft"
    PUBLISHED = "published"
    ARCHIVED = "archived"


@dataclass(frozen=True, slots=True)
class PostView:
    """A post with the two things that readers want to know of its author."""

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
    def of(cls, post: Post, author_uid: UUID, author_name: str) -> "PostView":
        """From the entity that a transaction changed."""
        return cls(
            id=post.id,
            uid=post.uid,
            author_id=post.author_id,
            author_uid=author_uid,
            author_name=author_name,
            title=post.title,
            content=post.content,
            status=post.status,
            published_at=post.published_at,
            view_count=post.view_count,
            revision=post.revision,
            created_at=post.created_at,
            updated_at=post.updated_at,
        )


@dataclass(frozen=True, slots=True)
class Highlights:
    """Where the query was found: HTML with the text escaped and the hits in ``<mark>``."""

    title: str
    content: str


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A post, how well it fits (a non-negative number without unit), and why."""

    post: PostView
    rank: float
    highlights: Highlights
