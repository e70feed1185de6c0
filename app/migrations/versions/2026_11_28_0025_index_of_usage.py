"""Find the usage of a consumer without reading that of all versions."""

from collections.abc import Sequence

from alembic import op

revision: str = "c3b5d7e91a46"
down_revision: str | None = "1f6c8a2e5b90"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_INDEX = "ix_usage_days_consumer_day"


def upgrade() -> None:
    """Create the index without blocking writes."""
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = '30min'")
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {_INDEX}")
        op.create_index(_INDEX, "usage_days", ["consumer", "day"], postgresql_concurrently=True)
        op.execute("RESET statement_timeout")


def downgrade() -> None:
    """Drop the index."""
    op.drop_index(_INDEX, table_name="usage_days")
