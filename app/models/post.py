"""Posts."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import JSON, CheckConstraint, Computed, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Identified, Timestamp

SEARCH_CONFIGURATION: Final = "strata_english"
"""``english`` without stop words, from a migration: every word of a post is found."""
RANKING_CONFIGURATION: Final = "english"
"""Stop words do not count for the rank."""
_RANKED_WORDS: Final = (
    f"setweight(to_tsvector('{RANKING_CONFIGURATION}'::regconfig, title), 'A') || "
    f"setweight(to_tsvector('{RANKING_CONFIGURATION}'::regconfig, content), 'B')"
)


SORT_FIELDS: Final = ("created_at", "updated_at", "title", "view_count")
"""The columns by which listings are sorted."""


def _listing_indexes(field: str) -> tuple[Index, Index, Index]:
    """Each listing in the order of a field: published posts of an author, other posts, other posts of an author."""
    published, unpublished = text("status = 'published'"), text("status <> 'published'")
    return (
        Index(f"ix_posts_author_id_{field}", "author_id", field, "id", postgresql_where=published),
        Index(f"ix_posts_unpublished_{field}", "status", field, "id", postgresql_where=unpublished),
        Index(
            f"ix_posts_unpublished_author_id_{field}", "author_id", "status", field, "id", postgresql_where=unpublished
        ),
    )


class Post(Identified, Base):
    """A text by one author. ``published_at`` is the time of the first publication."""

    __tablename__ = "posts"
    __table_args__ = (
        CheckConstraint("status IN ('draft', 'published', 'archived')", name="status_known"),
        CheckConstraint("status <> 'published' OR published_at IS NOT NULL", name="published_dated"),
        Index("ix_posts_search", "search", postgresql_using="gin"),
        Index("ix_posts_stored_words", "words", postgresql_using="gin"),
        Index("ix_posts_author_id_created_at_id", "author_id", "created_at", "id"),
        Index("ix_posts_created_at_id", "created_at", "id", postgresql_where=text("status = 'published'")),
        Index("ix_posts_updated_at_id", "updated_at", "id", postgresql_where=text("status = 'published'")),
        Index("ix_posts_title_id", "title", "id", postgresql_where=text("status = 'published'")),
        Index("ix_posts_view_count_id", "view_count", "id", postgresql_where=text("status = 'published'")),
        *(index for field in SORT_FIELDS for index in _listing_indexes(field)),
    )

    author_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    title: Mapped[str]
    content: Mapped[str]
    status: Mapped[str]
    published_at: Mapped[datetime | None]
    view_count: Mapped[int] = mapped_column(server_default=text("0"))
    revision: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[Timestamp]
    updated_at: Mapped[Timestamp]
    attachments: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    """What a post shows of its files, which never change, as an array of arrays; null without files. The same
    transaction writes the rows of ``PostAttachment``."""
    search: Mapped[str] = mapped_column(TSVECTOR, Computed(_RANKED_WORDS, persisted=True), deferred=True)
    words: Mapped[str | None] = mapped_column(TSVECTOR, deferred=True)
    """Every word with its positions, from ``post_words(title, content)``: a trigger sets it."""

    __mapper_args__ = {"version_id_col": revision, "eager_defaults": True}  # noqa: RUF012 - declarative API
