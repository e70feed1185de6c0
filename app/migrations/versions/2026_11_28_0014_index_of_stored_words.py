"""The index of the stored words of posts, in place of the one that parses each post."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "b74f0a92c6e3"
down_revision: str | None = "3c8e51d7fa06"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_NEW, _OLD = "ix_posts_stored_words", "ix_posts_words"


def upgrade() -> None:
    """Create the index without blocking writes, then drop the old one, which no release used."""
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = '30min'")
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {_NEW}")
        op.create_index(_NEW, "posts", ["words"], postgresql_using="gin", postgresql_concurrently=True)
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {_OLD}")
        # The planner has no statistics of a new column, and would expect few posts with a common word.
        op.execute("ANALYZE posts (words)")
        op.execute("RESET statement_timeout")


def downgrade() -> None:
    """Restore the old index."""
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = '30min'")
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {_OLD}")
        op.create_index(
            _OLD,
            "posts",
            [sa.text("post_words(title, content)")],
            postgresql_using="gin",
            postgresql_concurrently=True,
        )
        op.execute("RESET statement_timeout")
    op.drop_index(_NEW, table_name="posts")
