"""Fresh proof of a session, successors of refresh tokens, and the permission to change credentials."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0c5f7d1e9a42"
down_revision: str | None = "f6a2c81d5b09"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

PERMISSION = "credentials:write"
ROLES = ("reader", "author", "moderator", "admin")


def upgrade() -> None:
    """Add nullable columns, which the previous release ignores, and grant the permission to every role."""
    op.add_column("sessions", sa.Column("authenticated_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("refresh_tokens", sa.Column("successor", sa.Uuid(), nullable=True))
    table = sa.table("role_permissions", sa.column("role", sa.Text), sa.column("permission", sa.Text))
    op.bulk_insert(table, [{"role": role, "permission": PERMISSION} for role in ROLES])


def downgrade() -> None:
    """Remove the columns and the permission."""
    op.execute(sa.text("DELETE FROM role_permissions WHERE permission = :permission").bindparams(permission=PERMISSION))
    op.drop_column("refresh_tokens", "successor")
    op.drop_column("sessions", "authenticated_at")
