"""The network of the client that started a session."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "e19b7a3c5d28"
down_revision: str | None = "8c2f6a90d4e7"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Add the column. Sessions of the previous release have NULL and make no network known."""
    op.add_column("sessions", sa.Column("network", sa.Text(), nullable=True))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("sessions", "network")
