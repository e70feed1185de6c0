"""Every role reads events: public ones and its own. Administrators read those of all users."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "7c4f2d9b6e18"
down_revision: str | None = "e91f3b7a20c5"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_GRANTS = (
    *(("events:read", role) for role in ("reader", "author", "moderator", "admin")),
    ("events:read_all", "admin"),
)


def upgrade() -> None:
    """Grant them."""
    table = sa.table("role_permissions", sa.column("role", sa.Text), sa.column("permission", sa.Text))
    op.bulk_insert(table, [{"role": role, "permission": permission} for permission, role in _GRANTS])


def downgrade() -> None:
    """Revoke them. Keys keep the scopes, which then mean nothing."""
    op.execute(sa.text("DELETE FROM role_permissions WHERE permission IN ('events:read', 'events:read_all')"))
