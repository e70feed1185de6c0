"""Identities at providers, and the steps of a sign-in with one."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "6e2b9f04c7d1"
down_revision: str | None = "a90c5e7f2b41"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_PURPOSES = "purpose IN ('sign_in', 'link', 'reauthenticate')"


def upgrade() -> None:
    """The previous release has no providers, so it ignores these tables."""
    op.create_table(
        "identities",
        *_user("identities"),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        _time("created_at", default=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        *_identified("identities"),
        sa.UniqueConstraint("provider", "subject", name=op.f("uq_identities_provider_subject")),
    )
    op.create_index(op.f("ix_identities_user_id"), "identities", ["user_id"])
    op.create_table(
        "sign_in_flows",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("browser", sa.LargeBinary(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("callback", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        *_user("sign_in_flows", nullable=True),
        sa.Column("session_uid", sa.Uuid(), nullable=True),
        sa.Column("return_to", sa.Text(), nullable=True),
        sa.Column("code_challenge", sa.Text(), nullable=True),
        _time("created_at", default=True),
        _time("expires_at"),
        sa.CheckConstraint(_PURPOSES, name=op.f("ck_sign_in_flows_purpose_known")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_sign_in_flows")),
    )
    op.create_table(
        "sign_in_codes",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        *_user("sign_in_codes"),
        sa.Column("code_challenge", sa.Text(), nullable=False),
        _time("expires_at"),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_sign_in_codes")),
    )
    op.create_table(
        "identity_confirmations",
        *_user("identity_confirmations"),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        _time("created_at", default=True),
        _time("expires_at"),
        *_identified("identity_confirmations"),
        sa.UniqueConstraint("digest", name=op.f("uq_identity_confirmations_digest")),
    )
    op.create_index(op.f("ix_sign_in_flows_user_id"), "sign_in_flows", ["user_id"])
    op.create_index(op.f("ix_sign_in_flows_expires_at"), "sign_in_flows", ["expires_at"])
    op.create_index(op.f("ix_sign_in_codes_user_id"), "sign_in_codes", ["user_id"])
    op.create_index(op.f("ix_sign_in_codes_expires_at"), "sign_in_codes", ["expires_at"])
    op.create_index(op.f("ix_identity_confirmations_user_id"), "identity_confirmations", ["user_id"])
    op.create_index(op.f("ix_identity_confirmations_expires_at"), "identity_confirmations", ["expires_at"])


def downgrade() -> None:
    """Users without a password set one with a mailed token."""
    for table in ("identity_confirmations", "sign_in_codes", "sign_in_flows", "identities"):
        op.drop_table(table)


def _user(table: str, *, nullable: bool = False) -> "tuple[sa.schema.SchemaItem, ...]":
    name = op.f(f"fk_{table}_user_id_users")
    return (
        sa.Column("user_id", sa.BigInteger(), nullable=nullable),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=name, ondelete="CASCADE"),
    )


def _time(name: str, *, default: bool = False) -> "sa.Column[object]":
    kind = sa.DateTime(timezone=True)
    return sa.Column(name, kind, server_default=sa.text("now()") if default else None, nullable=False)


def _identified(table: str) -> "tuple[sa.schema.SchemaItem, ...]":
    return (
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("uid", name=op.f(f"uq_{table}_uid")),
    )
