"""Find events without a position, by position, and those that a user may read."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "9a2c7e5d18f4"
down_revision: str | None = "4d8e1b6f03a7"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_INDEXES: dict[str, tuple[list[str], bool, str | None]] = {
    "uq_events_position": (["position"], True, None),
    "ix_events_unrelayed": (["id"], False, "position IS NULL"),
    "ix_events_public": (["position"], False, "audience = 'public'"),
    "ix_events_owner_uid_position": (["owner_uid", "position"], False, None),
    "ix_events_counterparty_uid_position": (["counterparty_uid", "position"], False, "counterparty_uid IS NOT NULL"),
}


def upgrade() -> None:
    """Create the indexes and validate the constraint without blocking writes."""
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = '30min'")
        for name, (columns, unique, where) in _INDEXES.items():
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.create_index(
                name,
                "events",
                columns,
                unique=unique,
                postgresql_where=None if where is None else sa.text(where),
                postgresql_concurrently=True,
            )
        op.execute("ALTER TABLE events VALIDATE CONSTRAINT ck_events_audience_known")
        op.execute("RESET statement_timeout")


def downgrade() -> None:
    """Drop the indexes."""
    for name in _INDEXES:
        op.drop_index(name, table_name="events")
