"""Index posts for each listing in each order: by author, and unpublished ones."""

from collections.abc import Iterator, Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2f60b8d1c94e"
down_revision: str | None = "4e7c19a5d0b8"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_FIELDS = ("created_at", "updated_at", "title", "view_count")
_REPLACED = "ix_posts_unpublished_created_at_id"


def upgrade() -> None:
    """Create the indexes while the previous release writes."""
    for name, columns, condition in _indexes():
        _create(name, columns, condition)
    _drop(_REPLACED)


def downgrade() -> None:
    """Restore the replaced index."""
    _create(_REPLACED, ["created_at", "id"], "status <> 'published'")
    for name, _, _ in _indexes():
        _drop(name)


def _indexes() -> Iterator[tuple[str, list[str], str]]:
    for field in _FIELDS:
        yield f"ix_posts_author_id_{field}", ["author_id", field, "id"], "status = 'published'"
        yield f"ix_posts_unpublished_{field}", ["status", field, "id"], "status <> 'published'"
        columns = ["author_id", "status", field, "id"]
        yield f"ix_posts_unpublished_author_id_{field}", columns, "status <> 'published'"


def _create(name: str, columns: list[str], condition: str) -> None:
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = '30min'")
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
        op.create_index(name, "posts", columns, postgresql_where=sa.text(condition), postgresql_concurrently=True)
        op.execute("RESET statement_timeout")


def _drop(name: str) -> None:
    with op.get_context().autocommit_block():
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
