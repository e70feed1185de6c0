"""Registrations whose address is not verified yet, and users without a password."""

import secrets
from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from pwdlib import PasswordHash

revision: str = "3b8e0d61f7a5"
down_revision: str | None = "b74f0a92c6e3"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """The previous release rejects every password of a user without one."""
    op.create_table(
        "pending_registrations",
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("email_canonical", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("network", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("mailed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pending_registrations")),
        sa.UniqueConstraint("digest", name=op.f("uq_pending_registrations_digest")),
        sa.UniqueConstraint("uid", name=op.f("uq_pending_registrations_uid")),
    )
    op.create_index("ix_pending_registrations_email_canonical", "pending_registrations", ["email_canonical"])
    op.create_index(op.f("ix_pending_registrations_expires_at"), "pending_registrations", ["expires_at"])
    op.alter_column("users", "password_hash", nullable=True)


def downgrade() -> None:
    """Users without a password get a random one, which a reset replaces."""
    unknown = PasswordHash.recommended().hash(secrets.token_urlsafe())
    statement = sa.text("UPDATE users SET password_hash = :hash WHERE password_hash IS NULL")
    op.execute(statement.bindparams(hash=unknown))
    op.alter_column("users", "password_hash", nullable=False)
    op.drop_table("pending_registrations")
