"""Posts have attachments."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "b6d2f8a1904e"
down_revision: str | None = "7d3e95a1f0c8"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Create the table, and the column of what posts show of their files."""
    op.add_column("posts", sa.Column("attachments", sa.JSON(), nullable=True))
    op.create_table(
        "post_attachments",
        sa.Column("post_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("file_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["post_id"], ["posts.id"], name=op.f("fk_post_attachments_post_id_posts"), ondelete="CASCADE"
        ),
        # A user is deleted with files and posts in any order. Otherwise the application detaches a file first.
        sa.ForeignKeyConstraint(
            ["file_id"],
            ["files.id"],
            name=op.f("fk_post_attachments_file_id_files"),
            deferrable=True,
            initially="DEFERRED",
        ),
        sa.PrimaryKeyConstraint("post_id", "position", name=op.f("pk_post_attachments")),
        sa.UniqueConstraint("file_id", "post_id", name=op.f("uq_post_attachments_file_id_post_id")),
    )


def downgrade() -> None:
    """Drop both. The files stay."""
    op.drop_table("post_attachments")
    op.drop_column("posts", "attachments")
