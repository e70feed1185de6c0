"""Families of rotated API keys, and the permission to see and revoke the keys of all users."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "c81f3e7a5d24"
down_revision: str | None = "94d7c2a1e6b8"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

PERMISSION = "keys:admin"


def upgrade() -> None:
    """A key without a family, as the previous release adds it, is the only one of its family."""
    op.add_column("api_keys", sa.Column("family_uid", sa.Uuid(), nullable=True))
    op.add_column("api_keys", sa.Column("rotated_at", sa.DateTime(timezone=True), nullable=True))
    table = sa.table("role_permissions", sa.column("role", sa.Text), sa.column("permission", sa.Text))
    op.bulk_insert(table, [{"role": "admin", "permission": PERMISSION}])


def downgrade() -> None:
    """Remove the columns and the permission. Rotated keys stay valid until they expire."""
    op.execute(sa.text("DELETE FROM role_permissions WHERE permission = :permission").bindparams(permission=PERMISSION))
    op.drop_column("api_keys", "rotated_at")
    op.drop_column("api_keys", "family_uid")
