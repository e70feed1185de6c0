"""The ledger: accounts, holds, transfers and their entries, and the permissions to use it."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "e4b7d1906c3a"
down_revision: str | None = "070b500b1844"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_MONEY = sa.Numeric(24, 4)
_PERMISSIONS = ("ledger:read", "ledger:write")
_ROLES = ("reader", "author", "moderator", "admin")
_BOUND = "1000000000000000"


def _identity() -> tuple[sa.Column[int], sa.Column[object]]:
    return (
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
    )


def _sides(table: str) -> tuple[sa.Column[object] | sa.ForeignKeyConstraint | sa.CheckConstraint, ...]:
    """The two accounts of a movement, its currency and its amount."""
    return (
        sa.Column("debit_id", sa.BigInteger(), nullable=False),
        sa.Column("credit_id", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount", _MONEY, nullable=False),
        sa.CheckConstraint(f"amount > 0 AND amount < {_BOUND}", name=op.f(f"ck_{table}_amount_bounded")),
        sa.CheckConstraint("debit_id <> credit_id", name=op.f(f"ck_{table}_two_accounts")),
        *(
            sa.ForeignKeyConstraint(
                [side, "currency"],
                ["accounts.id", "accounts.currency"],
                name=op.f(f"fk_{table}_{side}_currency_accounts"),
            )
            for side in ("debit_id", "credit_id")
        ),
    )


def upgrade() -> None:
    """Create the tables, and let every role use the ledger."""
    op.create_table(
        "accounts",
        *_identity(),
        sa.Column("owner_id", sa.BigInteger(), nullable=True),
        sa.Column("owner_uid", sa.Uuid(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("floor", _MONEY, nullable=True),
        sa.Column("balance", _MONEY, server_default=sa.text("0"), nullable=False),
        sa.Column("held", _MONEY, server_default=sa.text("0"), nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("balance - held >= floor", name=op.f("ck_accounts_funds")),
        sa.CheckConstraint(f"abs(balance) < 1000 * {_BOUND}", name=op.f("ck_accounts_balance_bounded")),
        sa.CheckConstraint(f"held >= 0 AND held < 1000 * {_BOUND}", name=op.f("ck_accounts_held_bounded")),
        sa.CheckConstraint(f"abs(floor) < {_BOUND}", name=op.f("ck_accounts_floor_bounded")),
        sa.CheckConstraint("(owner_uid IS NULL) = (floor IS NULL)", name=op.f("ck_accounts_floor_of_owner")),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_accounts_currency_code")),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_accounts_owner_id_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("uid", name=op.f("uq_accounts_uid")),
        sa.UniqueConstraint("id", "currency", name=op.f("uq_accounts_id_currency")),
    )
    op.create_index(
        "uq_accounts_system", "accounts", ["currency"], unique=True, postgresql_where=sa.text("owner_uid IS NULL")
    )
    op.create_index("ix_accounts_owner_id_id", "accounts", ["owner_id", "id"])
    op.create_table(
        "holds",
        *_identity(),
        *_sides("holds"),
        sa.Column("state", sa.Text(), server_default=sa.text("'pending'"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('pending', 'captured', 'released', 'expired')", name=op.f("ck_holds_state_known")
        ),
        sa.CheckConstraint("(state = 'pending') = (resolved_at IS NULL)", name=op.f("ck_holds_resolved_dated")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holds")),
        sa.UniqueConstraint("uid", name=op.f("uq_holds_uid")),
    )
    pending = sa.text("state = 'pending'")
    op.create_index("ix_holds_debit_id_pending", "holds", ["debit_id"], postgresql_where=pending)
    op.create_index("ix_holds_expires_at_pending", "holds", ["expires_at"], postgresql_where=pending)
    op.create_table(
        "transfers",
        *_identity(),
        *_sides("transfers"),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reverses_id", sa.BigInteger(), nullable=True),
        sa.Column("hold_id", sa.BigInteger(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "kind IN ('deposit', 'transfer', 'capture', 'reversal')", name=op.f("ck_transfers_kind_known")
        ),
        sa.CheckConstraint("(kind = 'reversal') = (reverses_id IS NOT NULL)", name=op.f("ck_transfers_reversal_of")),
        sa.CheckConstraint("(kind = 'capture') = (hold_id IS NOT NULL)", name=op.f("ck_transfers_capture_of")),
        sa.ForeignKeyConstraint(["reverses_id"], ["transfers.id"], name=op.f("fk_transfers_reverses_id_transfers")),
        sa.ForeignKeyConstraint(["hold_id"], ["holds.id"], name=op.f("fk_transfers_hold_id_holds")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfers")),
        sa.UniqueConstraint("uid", name=op.f("uq_transfers_uid")),
        sa.UniqueConstraint("reverses_id", name=op.f("uq_transfers_reverses_id")),
        sa.UniqueConstraint("hold_id", name=op.f("uq_transfers_hold_id")),
    )
    op.create_table(
        "entries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("transfer_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount", _MONEY, nullable=False),
        sa.Column("balance_after", _MONEY, nullable=False),
        sa.CheckConstraint(f"amount <> 0 AND abs(amount) < {_BOUND}", name=op.f("ck_entries_amount_bounded")),
        sa.ForeignKeyConstraint(
            ["account_id", "currency"],
            ["accounts.id", "accounts.currency"],
            name=op.f("fk_entries_account_id_currency_accounts"),
        ),
        sa.ForeignKeyConstraint(["transfer_id"], ["transfers.id"], name=op.f("fk_entries_transfer_id_transfers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entries")),
        sa.UniqueConstraint("transfer_id", "account_id", name=op.f("uq_entries_transfer_id_account_id")),
    )
    op.create_index(
        "uq_entries_transfer_id_sign", "entries", ["transfer_id", sa.text("(amount > 0::numeric)")], unique=True
    )
    op.create_index("ix_entries_account_id_id", "entries", ["account_id", "id"])
    table = sa.table("role_permissions", sa.column("role", sa.Text), sa.column("permission", sa.Text))
    op.bulk_insert(table, [{"role": role, "permission": name} for role in _ROLES for name in _PERMISSIONS])


def downgrade() -> None:
    """Drop the tables with all money."""
    for name in _PERMISSIONS:
        op.execute(sa.text("DELETE FROM role_permissions WHERE permission = :name").bindparams(name=name))
    for table in ("entries", "transfers", "holds", "accounts"):
        op.drop_table(table)
