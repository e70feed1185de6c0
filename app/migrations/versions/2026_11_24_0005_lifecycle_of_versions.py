"""Brownouts, retirements, usage and consents of versions; keys that are browned out early."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "f6a2c81d5b09"
down_revision: str | None = "e4b0d6a91c37"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Create the tables and the column."""
    op.create_table(
        "version_brownouts",
        sa.Column("api_version", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_version_brownouts_ends_after_start")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_version_brownouts")),
        sa.UniqueConstraint("uid", name=op.f("uq_version_brownouts_uid")),
    )
    op.create_table(
        "version_retirements",
        sa.Column("api_version", sa.Text(), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("api_version", name=op.f("pk_version_retirements")),
    )
    op.create_table(
        "version_usage",
        sa.Column("api_version", sa.Text(), nullable=False),
        sa.Column("consumer", sa.Text(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("feature", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint(
            "api_version", "consumer", "operation", "feature", "day", name=op.f("pk_version_usage")
        ),
    )
    op.create_index("ix_version_usage_day", "version_usage", ["day"], unique=False)
    op.create_table(
        "version_consents",
        sa.Column("api_version", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_version_consents_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("api_version", "user_id", name=op.f("pk_version_consents")),
    )
    op.create_index(op.f("ix_version_consents_user_id"), "version_consents", ["user_id"], unique=False)
    op.add_column("api_keys", sa.Column("early_brownout_until", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Drop them."""
    op.drop_column("api_keys", "early_brownout_until")
    for table in ("version_consents", "version_usage", "version_retirements", "version_brownouts"):
        op.drop_table(table)
