"""The permissions that a request had, beside its stored response."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision: str = "5be08d42f7a1"
down_revision: str | None = "c81f3e7a5d24"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """A response that the previous release stores needs the permissions that the operation declares, and no others."""
    op.add_column(
        "idempotency_records",
        sa.Column("permissions", ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    )


def downgrade() -> None:
    """Remove the column."""
    op.drop_column("idempotency_records", "permissions")
