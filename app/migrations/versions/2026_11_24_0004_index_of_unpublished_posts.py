"""An index for what readers do not see: without it, an admin's page of posts reads the whole table."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "e4b0d6a91c37"
down_revision: str | None = "c3f9e07a52d4"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_NAME = "ix_posts_unpublished_created_at_id"


def upgrade() -> None:
    """Create the index."""
    op.create_index(
        _NAME, "posts", ["created_at", "id"], unique=False, postgresql_where=sa.text("status <> 'published'")
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_index(_NAME, table_name="posts", postgresql_where=sa.text("status <> 'published'"))
