"""Rooms, their messages and who is present; all users may enter and write."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "a6d81f3e07c4"
down_revision: str | None = "c3f8a61d27be"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_ROLES = ("reader", "author", "moderator", "admin")
_PERMISSIONS = ("rooms:read", "rooms:write")


def upgrade() -> None:
    """Create the tables, and grant the permissions."""
    op.create_table(
        "rooms",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("floor", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rooms")),
        sa.UniqueConstraint("name", name=op.f("uq_rooms_name")),
    )
    op.create_index("ix_rooms_changed_at", "rooms", ["changed_at"])
    op.create_table(
        "room_messages",
        sa.Column("room_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sender_uid", sa.Uuid(), nullable=False),
        sa.Column("sender_id", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.ForeignKeyConstraint(
            ["room_id"], ["rooms.id"], name=op.f("fk_room_messages_room_id_rooms"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("room_id", "position", name=op.f("pk_room_messages")),
    )
    op.create_index("ix_room_messages_created_at", "room_messages", ["created_at"])
    op.create_table(
        "room_presence",
        sa.Column("room_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("connection", sa.Uuid(), nullable=False),
        sa.Column("user_uid", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("room_id", "connection", name=op.f("pk_room_presence")),
        prefixes=["UNLOGGED"],
    )
    op.create_index("ix_room_presence_expires_at", "room_presence", ["expires_at"])
    table = sa.table("role_permissions", sa.column("role", sa.Text), sa.column("permission", sa.Text))
    op.bulk_insert(table, [{"role": role, "permission": name} for name in _PERMISSIONS for role in _ROLES])


def downgrade() -> None:
    """Drop the tables with all messages, and revoke the permissions."""
    for name in _PERMISSIONS:
        op.execute(sa.text("DELETE FROM role_permissions WHERE permission = :name").bindparams(name=name))
    for table in ("room_presence", "room_messages", "rooms"):
        op.drop_table(table)
