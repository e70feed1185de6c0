"""Which elements of the contracts each consumer uses, and a function that merges their summaries."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "4e7c19a5d0b8"
down_revision: str | None = "91d4b7e60f3a"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_MERGE = """
CREATE FUNCTION usage_merge(one jsonb, other jsonb) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    merged jsonb;
    kept jsonb;
BEGIN
    SELECT jsonb_object_agg(name, CASE
        WHEN a.value IS NULL THEN b.value
        WHEN b.value IS NULL THEN a.value
        WHEN jsonb_typeof(a.value) = 'number' THEN to_jsonb(a.value::numeric + b.value::numeric)
        WHEN jsonb_typeof(a.value) = 'array' THEN jsonb_build_array(
            least((a.value -> 0)::numeric, (b.value -> 0)::numeric),
            greatest((a.value -> 1)::numeric, (b.value -> 1)::numeric)
        )
        ELSE usage_merge(a.value, b.value)
    END)
    INTO merged
    FROM jsonb_each(one) AS a(name, value) FULL JOIN jsonb_each(other) AS b(name, value) USING (name);
    IF jsonb_typeof(merged -> 'unknown') = 'object'
        AND (SELECT count(*) FROM jsonb_object_keys(merged -> 'unknown')) > 50 THEN
        SELECT jsonb_object_agg(name, value) INTO kept FROM (
            SELECT name, value FROM jsonb_each(merged -> 'unknown') AS u(name, value)
            ORDER BY value::numeric DESC, name LIMIT 50
        ) AS most;
        merged := merged || jsonb_build_object('unknown', kept, 'unknown_dropped',
            coalesce((merged -> 'unknown_dropped')::numeric, 0)
            + (SELECT sum(value::numeric) FROM jsonb_each(merged -> 'unknown') AS u(name, value))
            - (SELECT sum(value::numeric) FROM jsonb_each(kept) AS u(name, value)));
    END IF;
    RETURN coalesce(merged, '{}');
END $$
"""
"""Counts add up, ranges widen, objects merge by name, and a summary has at most 50 hashes of unknown names."""


def upgrade() -> None:
    """Create the tables and the function."""
    op.create_table(
        "usage_elements",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("api_version", sa.Text(), nullable=False),
        sa.Column("consumer", sa.Text(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("observed", sa.BigInteger(), nullable=False),
        sa.Column("random", sa.BigInteger(), nullable=False),
        sa.Column("elements", JSONB(), nullable=False),
        sa.PrimaryKeyConstraint(
            "day", "api_version", "consumer", "operation", "key_id", name=op.f("pk_usage_elements")
        ),
    )
    op.create_index("ix_usage_elements_consumer", "usage_elements", ["consumer", "api_version", "operation"])
    op.create_table(
        "usage_flushes",
        sa.Column("process", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("flushed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("process", name=op.f("pk_usage_flushes")),
    )
    op.create_table(
        "usage_watches",
        sa.Column("consumer", sa.Text(), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("consumer", name=op.f("pk_usage_watches")),
    )
    op.execute(_MERGE)


def downgrade() -> None:
    """Drop them with all evidence."""
    op.execute("DROP FUNCTION usage_merge(jsonb, jsonb)")
    for table in ("usage_watches", "usage_flushes", "usage_elements"):
        op.drop_table(table)
