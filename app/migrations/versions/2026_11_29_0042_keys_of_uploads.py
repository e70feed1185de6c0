"""An idempotency key belongs to one upload of a user."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0f6b28e7c4d9"
down_revision: str | None = "e4a70c9d51b3"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_INDEX = "uq_files_owner_id_idempotency_key"


def upgrade() -> None:
    """Create the index while the previous release writes."""
    with op.get_context().autocommit_block():
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {_INDEX}")
        op.create_index(
            _INDEX,
            "files",
            ["owner_id", "idempotency_key"],
            unique=True,
            postgresql_where=sa.text("idempotency_key IS NOT NULL"),
            postgresql_concurrently=True,
        )


def downgrade() -> None:
    """Drop the index."""
    with op.get_context().autocommit_block():
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {_INDEX}")
