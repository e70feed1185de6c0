"""A file may be uploaded to the bucket itself, and be checked afterwards."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "c5f17a90e2d6"
down_revision: str | None = "b6d2f8a1904e"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Add the columns."""
    op.add_column("files", sa.Column("incoming_key", sa.Text(), nullable=True))
    op.add_column("files", sa.Column("checking_until", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Drop the columns with their values."""
    op.drop_column("files", "checking_until")
    op.drop_column("files", "incoming_key")
