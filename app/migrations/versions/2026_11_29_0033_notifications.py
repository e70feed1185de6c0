"""Notifications."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "c7e2a90d4f18"
down_revision: str | None = "d95b1f3a60c8"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_EVERYONE = ("reader", "author", "moderator", "admin")
_PERMISSIONS = {
    "notifications:read": _EVERYONE,
    "notifications:write": _EVERYONE,
    "notifications:send": ("moderator", "admin"),
}


def upgrade() -> None:
    """Create the table, and let moderators and administrators send."""
    op.create_table(
        "notifications",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("sender_uid", sa.Uuid(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_notifications_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notifications")),
        sa.UniqueConstraint("uid", name=op.f("uq_notifications_uid")),
    )
    op.create_index("ix_notifications_user_id_id", "notifications", ["user_id", "id"])
    op.create_index("ix_notifications_created_at", "notifications", ["created_at"])
    table = sa.table("role_permissions", sa.column("role", sa.Text), sa.column("permission", sa.Text))
    rows = [{"role": role, "permission": name} for name, roles in _PERMISSIONS.items() for role in roles]
    op.bulk_insert(table, rows)


def downgrade() -> None:
    """Drop the table with all notifications."""
    for name in _PERMISSIONS:
        op.execute(sa.text("DELETE FROM role_permissions WHERE permission = :name").bindparams(name=name))
    op.drop_table("notifications")
