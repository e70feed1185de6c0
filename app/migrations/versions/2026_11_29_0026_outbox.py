"""Events have positions, an audience and the trace of their request; consumers of events have cursors."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "4d8e1b6f03a7"
down_revision: str | None = "c3b5d7e91a46"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_COLUMNS = (
    "request_id",
    "traceparent",
    "position",
    "audience",
    "counterparty_uid",
    "owner_uid",
    "subject_id",
    "schema",
)


def upgrade() -> None:
    """Add them. Events of the previous release are read by administrators only, since it stores no owner.

    The next migration validates the constraint, because that reads the table.
    """
    op.add_column("events", sa.Column("schema", sa.SmallInteger(), server_default=sa.text("1"), nullable=False))
    op.add_column("events", sa.Column("subject_id", sa.BigInteger(), nullable=True))
    op.add_column("events", sa.Column("owner_uid", sa.Uuid(), nullable=True))
    op.add_column("events", sa.Column("counterparty_uid", sa.Uuid(), nullable=True))
    op.add_column("events", sa.Column("audience", sa.Text(), server_default=sa.text("'admin'"), nullable=False))
    op.add_column("events", sa.Column("position", sa.BigInteger(), nullable=True))
    op.add_column("events", sa.Column("traceparent", sa.Text(), nullable=True))
    op.add_column("events", sa.Column("request_id", sa.Text(), nullable=True))
    op.create_check_constraint(
        op.f("ck_events_audience_known"),
        "events",
        "audience IN ('public', 'owner', 'admin')",
        postgresql_not_valid=True,
    )
    # The relay updates every row once, which leaves dead entries in the index of rows without a position.
    op.execute("ALTER TABLE events SET (autovacuum_vacuum_scale_factor = 0.01)")
    op.execute(sa.schema.CreateSequence(sa.Sequence("events_position_seq")))
    op.create_table(
        "event_consumers",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_event_consumers")),
    )


def downgrade() -> None:
    """Drop them; events stay."""
    op.drop_table("event_consumers")
    op.execute(sa.schema.DropSequence(sa.Sequence("events_position_seq")))
    op.execute("ALTER TABLE events RESET (autovacuum_vacuum_scale_factor)")
    op.drop_constraint(op.f("ck_events_audience_known"), "events")
    for name in _COLUMNS:
        op.drop_column("events", name)
