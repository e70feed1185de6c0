"""An index of all words of posts.

The column and the index of the configuration ``english`` stay: the previous release filters by them.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "d92b60f47e18"
down_revision: str | None = "a17c5e3d90b4"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_NAME = "ix_posts_words"


def upgrade() -> None:
    """Create the index without blocking writes."""
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = '30min'")
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {_NAME}")
        op.create_index(
            _NAME,
            "posts",
            [sa.text("post_words(title, content)")],
            postgresql_using="gin",
            postgresql_concurrently=True,
        )
        op.execute("RESET statement_timeout")


def downgrade() -> None:
    """Drop it."""
    op.drop_index(_NAME, table_name="posts")
