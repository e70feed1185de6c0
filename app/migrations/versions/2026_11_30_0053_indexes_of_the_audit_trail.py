"""Index the audit trail by action and by outcome, which administrators filter by.

An act writes two entries more, each next to that of the last act of its kind. Without them, a page of a rare action
reads all rows of 400 days.

PostgreSQL creates no index of a partitioned table concurrently. So the table gets one without those of its partitions,
which then get theirs one by one. A partition that is created later gets them from the table.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "91c6f2e84d0b"
down_revision: str | None = "e07b3d95c1a8"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_TABLE = "audit_events"
_COLUMNS = ("action", "outcome")
_PARTITIONS = sa.text(
    "SELECT child.relname FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid"
    " WHERE inhparent = 'audit_events'::regclass ORDER BY child.relname"
)


def upgrade() -> None:
    """Create the indexes while the previous release writes."""
    for column in _COLUMNS:
        with op.get_context().autocommit_block():
            op.execute("SET statement_timeout = '30min'")
            op.execute(f"DROP INDEX IF EXISTS {_name(column)}")
            op.execute(f"CREATE INDEX {_name(column)} ON ONLY {_TABLE} ({column}, at, uid)")
            for partition in op.get_bind().scalars(_PARTITIONS).all():
                name = f"ix_{partition}_{column}"
                op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
                op.create_index(name, partition, [column, "at", "uid"], postgresql_concurrently=True)
                op.execute(f"ALTER INDEX {_name(column)} ATTACH PARTITION {name}")
            op.execute("RESET statement_timeout")


def downgrade() -> None:
    """Drop them with those of the partitions."""
    for column in _COLUMNS:
        op.drop_index(_name(column), _TABLE)


def _name(column: str) -> str:
    return f"ix_{_TABLE}_{column}_at_uid"
