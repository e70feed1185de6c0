"""Roles and permissions: what each role allows, as rows."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "b1a6c4f2d7e0"
down_revision: str | None = "7d8a4bbb93fe"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

READER = ("posts:read", "profile:read", "profile:write")
AUTHOR = (*READER, "posts:write")
MODERATOR = (*AUTHOR, "posts:moderate")
ADMIN = (*MODERATOR, "posts:read_all", "users:read", "users:write", "users:delete", "roles:write")


def upgrade() -> None:
    """Fill ``role_permissions``."""
    table = sa.table("role_permissions", sa.column("role", sa.Text), sa.column("permission", sa.Text))
    roles = {"reader": READER, "author": AUTHOR, "moderator": MODERATOR, "admin": ADMIN}
    op.bulk_insert(table, [{"role": role, "permission": name} for role, names in roles.items() for name in names])


def downgrade() -> None:
    """Forget them."""
    op.execute("DELETE FROM role_permissions")
