"""An object that a client uploads to the bucket itself belongs to one file."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "91d4b7e60f3a"
down_revision: str | None = "c5f17a90e2d6"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_INDEX = "uq_files_incoming_key"


def upgrade() -> None:
    """Create the index while the previous release writes."""
    with op.get_context().autocommit_block():
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {_INDEX}")
        op.create_index(
            _INDEX,
            "files",
            ["incoming_key"],
            unique=True,
            postgresql_where=sa.text("incoming_key IS NOT NULL"),
            postgresql_concurrently=True,
        )


def downgrade() -> None:
    """Drop the index."""
    with op.get_context().autocommit_block():
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {_INDEX}")
