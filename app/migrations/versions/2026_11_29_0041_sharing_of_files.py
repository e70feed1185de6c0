"""Files have a visibility, and uploads an idempotency key."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "e4a70c9d51b3"
down_revision: str | None = "8b1d5e30f7c4"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Add the columns; existing files are private."""
    op.add_column("files", sa.Column("visibility", sa.Text(), server_default=sa.text("'private'"), nullable=False))
    op.add_column("files", sa.Column("idempotency_key", sa.Text(), nullable=True))
    op.create_check_constraint(
        op.f("ck_files_visibility_known"), "files", "visibility IN ('private', 'signed_in', 'public')"
    )


def downgrade() -> None:
    """Drop the columns with their values."""
    op.drop_constraint(op.f("ck_files_visibility_known"), "files", type_="check")
    op.drop_column("files", "idempotency_key")
    op.drop_column("files", "visibility")
