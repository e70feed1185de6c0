"""The indexes of e-mail addresses."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "8c2f6a90d4e7"
down_revision: str | None = "5d1e8f3ab072"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Replace the unique index on ``lower(email)``, which takes U+0130 and ``i`` for one letter."""
    with op.get_context().autocommit_block():
        for name in ("uq_users_email_canonical", "ix_users_email_exact"):
            op.drop_index(name, table_name="users", postgresql_concurrently=True, if_exists=True)
        op.create_index(
            "uq_users_email_canonical", "users", ["email_canonical"], unique=True, postgresql_concurrently=True
        )
        op.create_index(
            "ix_users_email_exact",
            "users",
            ["email"],
            postgresql_where=sa.text("email_canonical IS NULL"),
            postgresql_concurrently=True,
        )
        op.drop_index("uq_users_email_lower", table_name="users", postgresql_concurrently=True, if_exists=True)


def downgrade() -> None:
    """Restore the index on ``lower(email)``, which fails while two users differ only in case."""
    with op.get_context().autocommit_block():
        op.create_index(
            "uq_users_email_lower",
            "users",
            [sa.literal_column("lower(email)")],
            unique=True,
            postgresql_concurrently=True,
        )
        op.drop_index("ix_users_email_exact", table_name="users", postgresql_concurrently=True)
        op.drop_index("uq_users_email_canonical", table_name="users", postgresql_concurrently=True)
