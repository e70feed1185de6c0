"""Usage of every version, with errors, rejections, deprecated calls and durations, by day and consumer."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision: str = "1f6c8a2e5b90"
down_revision: str | None = "7d20f3b9c4e6"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

COLUMNS = "api_version, consumer, operation, feature, day, requests, first_seen, last_seen"
PERMISSION = "usage:read"
ROLES = ("reader", "author", "moderator", "admin")


def upgrade() -> None:
    """Rename the table and keep its rows. The previous release reads and writes them through a view of the old name."""
    op.rename_table("version_usage", "usage_days")
    op.execute("ALTER INDEX pk_version_usage RENAME TO pk_usage_days")
    op.execute("ALTER INDEX ix_version_usage_day RENAME TO ix_usage_days_day")
    for name in ("errors", "rejections"):
        op.add_column("usage_days", sa.Column(name, sa.BigInteger(), server_default=sa.text("0"), nullable=False))
    op.add_column("usage_days", sa.Column("deprecated_calls", sa.BigInteger(), nullable=True))
    zeros = sa.text("array_fill(0::bigint, ARRAY[15])")
    op.add_column("usage_days", sa.Column("latencies", ARRAY(sa.BigInteger()), server_default=zeros, nullable=False))
    op.execute(f"CREATE VIEW version_usage WITH (security_invoker = true) AS SELECT {COLUMNS} FROM usage_days")  # noqa: S608 - constants
    table = sa.table("role_permissions", sa.column("role", sa.Text), sa.column("permission", sa.Text))
    op.bulk_insert(table, [{"role": role, "permission": PERMISSION} for role in ROLES])


def downgrade() -> None:
    """Restore the table. Usage of versions that are not deprecated stays in it; the reports ignore it."""
    op.execute(sa.text("DELETE FROM role_permissions WHERE permission = :permission").bindparams(permission=PERMISSION))
    op.execute("DROP VIEW version_usage")
    for name in ("latencies", "deprecated_calls", "rejections", "errors"):
        op.drop_column("usage_days", name)
    op.execute("ALTER INDEX ix_usage_days_day RENAME TO ix_version_usage_day")
    op.execute("ALTER INDEX pk_usage_days RENAME TO pk_version_usage")
    op.rename_table("usage_days", "version_usage")
