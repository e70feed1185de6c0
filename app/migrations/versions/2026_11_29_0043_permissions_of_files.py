"""Users may upload and read files."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "7d3e95a1f0c8"
down_revision: str | None = "0f6b28e7c4d9"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

ROLES = ("reader", "author", "moderator", "admin")
PERMISSIONS = ("files:read", "files:write")


def upgrade() -> None:
    """Grant them."""
    table = sa.table("role_permissions", sa.column("role", sa.Text), sa.column("permission", sa.Text))
    granted = [{"role": role, "permission": permission} for role in ROLES for permission in PERMISSIONS]
    op.bulk_insert(table, granted)


def downgrade() -> None:
    """Revoke them."""
    for permission in PERMISSIONS:
        op.execute(
            sa.text("DELETE FROM role_permissions WHERE permission = :permission").bindparams(permission=permission)
        )
