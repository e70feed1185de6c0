"""How many consumers of each plan use each version."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "8b3f5ac27d10"
down_revision: str | None = "2f60b8d1c94e"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Create the table. The worker fills it within ten minutes."""
    op.create_table(
        "version_consumers",
        sa.Column("api_version", sa.Text(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("consumers", sa.BigInteger(), nullable=False),
        sa.Column("breaking", sa.BigInteger(), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("api_version", "plan", name=op.f("pk_version_consumers")),
    )


def downgrade() -> None:
    """Drop the table, which the worker can fill again."""
    op.drop_table("version_consumers")
