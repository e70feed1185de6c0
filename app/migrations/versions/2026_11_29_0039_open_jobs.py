"""Index the jobs of a user that have not ended: the plan limits their number."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2f6ac81e95d3"
down_revision: str | None = "e1b7d4092fa6"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_NAME = "ix_jobs_open_owner_id"


def upgrade() -> None:
    """Create the index without blocking writes."""
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = '30min'")
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {_NAME}")
        op.create_index(
            _NAME,
            "jobs",
            ["owner_id"],
            postgresql_where=sa.text("status IN ('queued', 'running')"),
            postgresql_concurrently=True,
        )
        op.execute("RESET statement_timeout")


def downgrade() -> None:
    """Drop it."""
    op.drop_index(_NAME, "jobs")
