"""Audit events in monthly partitions, append-only, with two functions that create and drop partitions.

The functions run with the privileges of the owner, so that the worker needs no right to change tables. They read
PostgreSQL's clock: a caller that chose the time could drop every partition.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "070b500b1844"
down_revision: str | None = "5be08d42f7a1"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

PERMISSION = "audit:read"
# A temporary table must not stand in for one of these, so pg_temp comes last: PostgreSQL searches it first otherwise.
_OPTIONS = "LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, {schema}, pg_temp SET lock_timeout = '2s'"
_APPEND_ONLY = """
CREATE FUNCTION reject_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$
"""
# Rows of the month that the default partition received are moved: PostgreSQL attaches no partition that lacks them.
_CREATE = """
CREATE FUNCTION create_audit_partitions() RETURNS integer {options} AS $$
DECLARE
    first date := date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC');
    month date;
    partition text;
    lower_bound timestamptz;
    upper_bound timestamptz;
    stray bigint;
    created integer := 0;
BEGIN
    LOCK TABLE {schema}.audit_events IN SHARE UPDATE EXCLUSIVE MODE;
    FOR month IN SELECT first + make_interval(months => n) FROM generate_series(0, 12) n LOOP
        partition := 'audit_events_' || to_char(month, 'YYYY_MM');
        CONTINUE WHEN to_regclass(format('{schema}.%I', partition)) IS NOT NULL;
        lower_bound := month::timestamp AT TIME ZONE 'UTC';
        upper_bound := (month + interval '1 month') AT TIME ZONE 'UTC';
        EXECUTE format('CREATE TABLE {schema}.%I (LIKE {schema}.audit_events INCLUDING ALL)', partition);
        LOCK TABLE {schema}.audit_events_default IN ACCESS EXCLUSIVE MODE;
        EXECUTE format('INSERT INTO {schema}.%I SELECT * FROM {schema}.audit_events_default WHERE at >= $1 AND at < $2',
            partition) USING lower_bound, upper_bound;
        GET DIAGNOSTICS stray = ROW_COUNT;
        IF stray > 0 THEN
            ALTER TABLE {schema}.audit_events_default DISABLE TRIGGER USER;
            DELETE FROM {schema}.audit_events_default WHERE at >= lower_bound AND at < upper_bound;
            ALTER TABLE {schema}.audit_events_default ENABLE TRIGGER USER;
        END IF;
        EXECUTE format('ALTER TABLE {schema}.audit_events ATTACH PARTITION {schema}.%I FOR VALUES FROM (%L) TO (%L)',
            partition, lower_bound, upper_bound);
        EXECUTE format('CREATE TRIGGER reject_truncate BEFORE TRUNCATE ON {schema}.%I'
            ' FOR EACH STATEMENT EXECUTE FUNCTION {schema}.reject_change()', partition);
        created := created + 1;
    END LOOP;
    RETURN created;
END $$
"""
_DROP = """
CREATE FUNCTION drop_audit_partitions() RETURNS integer {options} AS $$
DECLARE
    oldest timestamptz := clock_timestamp() - interval '400 days';
    partition text;
    dropped integer := 0;
BEGIN
    LOCK TABLE {schema}.audit_events IN SHARE UPDATE EXCLUSIVE MODE;
    FOR partition IN
        SELECT child.relname FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid
        WHERE inhparent = '{schema}.audit_events'::regclass AND child.relname ~ '^audit_events_\\d{{4}}_\\d{{2}}$'
            AND (to_date(right(child.relname, 7), 'YYYY_MM') + interval '1 month') AT TIME ZONE 'UTC' <= oldest
    LOOP
        EXECUTE format('DROP TABLE {schema}.%I', partition);
        dropped := dropped + 1;
    END LOOP;
    IF EXISTS (SELECT FROM {schema}.audit_events_default WHERE at < oldest) THEN
        ALTER TABLE {schema}.audit_events_default DISABLE TRIGGER USER;
        DELETE FROM {schema}.audit_events_default WHERE at < oldest;
        ALTER TABLE {schema}.audit_events_default ENABLE TRIGGER USER;
    END IF;
    RETURN dropped;
END $$
"""


def upgrade() -> None:
    """Create the table with partitions for a year, and grant the permission to read it to admins."""
    op.create_table(
        "audit_events",
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("actor", sa.Uuid(), nullable=True),
        sa.Column("on_behalf", sa.Uuid(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("detail", postgresql.JSONB(), nullable=False),
        sa.CheckConstraint("outcome IN ('success', 'rejected')", name=op.f("ck_audit_events_outcome_known")),
        sa.PrimaryKeyConstraint("at", "uid", name=op.f("pk_audit_events")),
        postgresql_partition_by="RANGE (at)",
    )
    for column in ("actor", "on_behalf", "target"):
        op.create_index(f"ix_audit_events_{column}_at_uid", "audit_events", [column, "at", "uid"])
    op.execute("CREATE TABLE audit_events_default PARTITION OF audit_events DEFAULT")
    op.execute(_APPEND_ONLY)
    op.execute(
        "CREATE TRIGGER reject_change BEFORE UPDATE OR DELETE ON audit_events"
        " FOR EACH ROW EXECUTE FUNCTION reject_change()"
    )
    for table in ("audit_events", "audit_events_default"):
        op.execute(
            f"CREATE TRIGGER reject_truncate BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION reject_change()"
        )
    schema = op.get_bind().scalar(sa.text("SELECT quote_ident(current_schema())"))
    options = _OPTIONS.format(schema=schema)
    for function in (_CREATE, _DROP):
        op.get_bind().exec_driver_sql(function.format(schema=schema, options=options))
    for name in ("create_audit_partitions()", "drop_audit_partitions()"):
        op.execute(f"REVOKE EXECUTE ON FUNCTION {name} FROM PUBLIC")
    op.execute("SELECT create_audit_partitions()")
    permissions = sa.table("role_permissions", sa.column("role", sa.Text), sa.column("permission", sa.Text))
    op.bulk_insert(permissions, [{"role": "admin", "permission": PERMISSION}])


def downgrade() -> None:
    """Drop the audit trail."""
    op.execute(sa.text("DELETE FROM role_permissions WHERE permission = :permission").bindparams(permission=PERMISSION))
    op.execute("DROP FUNCTION create_audit_partitions()")
    op.execute("DROP FUNCTION drop_audit_partitions()")
    op.drop_table("audit_events")
    op.execute("DROP FUNCTION reject_change()")
