"""Webhooks: endpoints, secrets, deliveries and attempts, and the permissions to use them."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "c3f8a61d27be"
down_revision: str | None = "c5e81f3a9d27"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_PERMISSIONS = ("webhooks:read", "webhooks:write")
_ROLES = ("reader", "author", "moderator", "admin")
_TIME = sa.DateTime(timezone=True)


def _identity() -> tuple[sa.Column[int], sa.Column[object]]:
    return (
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
    )


def _keys(table: str) -> tuple[sa.PrimaryKeyConstraint, sa.UniqueConstraint]:
    return (
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("uid", name=op.f(f"uq_{table}_uid")),
    )


def _created() -> sa.Column[object]:
    return sa.Column("created_at", _TIME, server_default=sa.text("now()"), nullable=False)


def _belongs(table: str, column: str, parent: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{parent}.id"], name=op.f(f"fk_{table}_{column}_{parent}"), ondelete="CASCADE"
    )


def upgrade() -> None:
    """Create the tables, and let every role use webhooks."""
    op.create_table(
        "webhook_endpoints",
        *_identity(),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("owner_uid", sa.Uuid(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("events", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("description", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("api_version", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'active'"), nullable=False),
        sa.Column("disabled_reason", sa.Text(), nullable=True),
        sa.Column("disabled_at", _TIME, nullable=True),
        _created(),
        sa.Column("failures", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("first_failure_at", _TIME, nullable=True),
        sa.Column("last_success_at", _TIME, nullable=True),
        sa.CheckConstraint("state IN ('active', 'disabled')", name=op.f("ck_webhook_endpoints_state_known")),
        sa.CheckConstraint(
            "(state = 'disabled') = (disabled_reason IS NOT NULL)",
            name=op.f("ck_webhook_endpoints_disabled_explained"),
        ),
        _belongs("webhook_endpoints", "owner_id", "users"),
        *_keys("webhook_endpoints"),
    )
    op.create_index("ix_webhook_endpoints_owner_id_id", "webhook_endpoints", ["owner_id", "id"])
    op.create_index("ix_webhook_endpoints_owner_uid", "webhook_endpoints", ["owner_uid"])
    op.create_table(
        "webhook_secrets",
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("endpoint_id", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        _created(),
        sa.Column("expires_at", _TIME, nullable=True),
        _belongs("webhook_secrets", "endpoint_id", "webhook_endpoints"),
        sa.PrimaryKeyConstraint("uid", name=op.f("pk_webhook_secrets")),
    )
    op.create_index(op.f("ix_webhook_secrets_endpoint_id"), "webhook_secrets", ["endpoint_id"])
    op.create_table(
        "deliveries",
        *_identity(),
        sa.Column("endpoint_id", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("event_uid", sa.Uuid(), nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("api_version", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), server_default=sa.text("'automatic'"), nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'pending'"), nullable=False),
        sa.Column("attempt", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_at", _TIME, nullable=False),
        sa.Column("lease_until", _TIME, nullable=True),
        sa.Column("run", sa.Uuid(), nullable=True),
        _created(),
        sa.Column("first_attempt_at", _TIME, nullable=True),
        sa.Column("finished_at", _TIME, nullable=True),
        sa.CheckConstraint("kind IN ('automatic', 'manual')", name=op.f("ck_deliveries_kind_known")),
        sa.CheckConstraint(
            "status IN ('pending', 'sending', 'succeeded', 'failed', 'skipped')",
            name=op.f("ck_deliveries_status_known"),
        ),
        _belongs("deliveries", "endpoint_id", "webhook_endpoints"),
        *_keys("deliveries"),
    )
    op.create_index(
        "uq_deliveries_automatic",
        "deliveries",
        ["endpoint_id", "event_id"],
        unique=True,
        postgresql_where=sa.text("kind = 'automatic'"),
    )
    op.create_index("ix_deliveries_endpoint_id_id", "deliveries", ["endpoint_id", "id"])
    op.create_index(
        "ix_deliveries_open",
        "deliveries",
        ["endpoint_id", "position"],
        postgresql_where=sa.text("status IN ('pending', 'sending')"),
    )
    op.create_index("ix_deliveries_created_at", "deliveries", ["created_at"])
    op.create_table(
        "delivery_attempts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("delivery_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("started_at", _TIME, nullable=False),
        sa.Column("duration_ms", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("excerpt", sa.Text(), nullable=True),
        sa.Column("trace_id", sa.Text(), nullable=True),
        _belongs("delivery_attempts", "delivery_id", "deliveries"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_attempts")),
        sa.UniqueConstraint("delivery_id", "number", name=op.f("uq_delivery_attempts_delivery_id_number")),
    )
    table = sa.table("role_permissions", sa.column("role", sa.Text), sa.column("permission", sa.Text))
    op.bulk_insert(table, [{"role": role, "permission": name} for role in _ROLES for name in _PERMISSIONS])


def downgrade() -> None:
    """Drop the tables with all endpoints."""
    for name in _PERMISSIONS:
        op.execute(sa.text("DELETE FROM role_permissions WHERE permission = :name").bindparams(name=name))
    for table in ("delivery_attempts", "deliveries", "webhook_secrets", "webhook_endpoints"):
        op.drop_table(table)
