"""Deliveries store why they were skipped."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "5c90e2d7b31a"
down_revision: str | None = "a6d81f3e07c4"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Add the column; deliveries of the previous release have no reason."""
    op.add_column("deliveries", sa.Column("reason", sa.Text(), nullable=True))


def downgrade() -> None:
    """Drop the column with its values."""
    op.drop_column("deliveries", "reason")
