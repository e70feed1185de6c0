"""Administrators may analyse whom a change of a contract would break."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "c5a81e0f7b36"
down_revision: str | None = "b83e60c1f7d4"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

PERMISSION = "impact:read"


def upgrade() -> None:
    """Grant it."""
    table = sa.table("role_permissions", sa.column("role", sa.Text), sa.column("permission", sa.Text))
    op.bulk_insert(table, [{"role": "admin", "permission": PERMISSION}])


def downgrade() -> None:
    """Revoke it."""
    op.execute(sa.text("DELETE FROM role_permissions WHERE permission = :permission").bindparams(permission=PERMISSION))
