"""Users may request jobs; admins may send mail to strangers."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "d95b1f3a60c8"
down_revision: str | None = "7c4f2d9b6e18"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

ROLES = ("reader", "author", "moderator", "admin")
GRANTS = (
    *((role, permission) for role in ROLES for permission in ("jobs:read", "jobs:write")),
    ("admin", "mail:send"),
)


def upgrade() -> None:
    """Grant them."""
    table = sa.table("role_permissions", sa.column("role", sa.Text), sa.column("permission", sa.Text))
    op.bulk_insert(table, [{"role": role, "permission": permission} for role, permission in GRANTS])


def downgrade() -> None:
    """Revoke them."""
    for permission in sorted({permission for _, permission in GRANTS}):
        op.execute(
            sa.text("DELETE FROM role_permissions WHERE permission = :permission").bindparams(permission=permission)
        )
