"""Accounts, transfers between them, and holds. Functions of the database write all of them: see the migration."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Numeric,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import APPEND_ONLY, READ_ONLY, Base, Identified, Timestamp

Money = Annotated[Decimal, mapped_column(Numeric(24, 4))]
_BOUND: Final = "1000000000000000"
"""10^15. NaN is larger than every number, so an upper bound excludes it, too."""


class Account(Identified, Base):
    """Money of one owner in one currency. The account without an owner is where the money of a currency comes from.

    ``held`` is the sum of the pending holds. The balance without it never falls below ``floor``.
    """

    __tablename__ = "accounts"
    __table_args__ = (
        CheckConstraint("balance - held >= floor", name="funds"),
        CheckConstraint("abs(balance) < 1000 * " + _BOUND, name="balance_bounded"),
        CheckConstraint(f"held >= 0 AND held < 1000 * {_BOUND}", name="held_bounded"),
        CheckConstraint(f"abs(floor) < {_BOUND}", name="floor_bounded"),
        CheckConstraint("(owner_uid IS NULL) = (floor IS NULL)", name="floor_of_owner"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency_code"),
        UniqueConstraint("id", "currency"),
        Index("uq_accounts_system", "currency", unique=True, postgresql_where=text("owner_uid IS NULL")),
        Index("ix_accounts_owner_id_id", "owner_id", "id"),
        {"info": {APPEND_ONLY: True}},
    )

    owner_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    owner_uid: Mapped[UUID | None]
    """Stays when the owner is deleted, so that the history names the owner."""
    currency: Mapped[str]
    floor: Mapped[Money | None]
    balance: Mapped[Money] = mapped_column(server_default=text("0"))
    held: Mapped[Money] = mapped_column(server_default=text("0"))
    revision: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[Timestamp]
    closed_at: Mapped[datetime | None]
    """When the owner was deleted."""


class Hold(Identified, Base):
    """Money of the debited account that is set aside for the credited account until the hold is resolved."""

    __tablename__ = "holds"
    __table_args__ = (
        ForeignKeyConstraint(["debit_id", "currency"], ["accounts.id", "accounts.currency"]),
        ForeignKeyConstraint(["credit_id", "currency"], ["accounts.id", "accounts.currency"]),
        CheckConstraint(f"amount > 0 AND amount < {_BOUND}", name="amount_bounded"),
        CheckConstraint("debit_id <> credit_id", name="two_accounts"),
        CheckConstraint("state IN ('pending', 'captured', 'released', 'expired')", name="state_known"),
        CheckConstraint("(state = 'pending') = (resolved_at IS NULL)", name="resolved_dated"),
        Index("ix_holds_debit_id_pending", "debit_id", postgresql_where=text("state = 'pending'")),
        Index("ix_holds_expires_at_pending", "expires_at", postgresql_where=text("state = 'pending'")),
        {"info": {READ_ONLY: True}},
    )

    debit_id: Mapped[int]
    credit_id: Mapped[int]
    currency: Mapped[str]
    amount: Mapped[Money]
    state: Mapped[str] = mapped_column(server_default=text("'pending'"))
    created_by: Mapped[UUID | None]
    created_at: Mapped[Timestamp]
    expires_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]


class Transfer(Identified, Base):
    """A movement of money, which never changes. ``created_by`` is the uid of a user, None for an operator."""

    __tablename__ = "transfers"
    __table_args__ = (
        ForeignKeyConstraint(["debit_id", "currency"], ["accounts.id", "accounts.currency"]),
        ForeignKeyConstraint(["credit_id", "currency"], ["accounts.id", "accounts.currency"]),
        CheckConstraint(f"amount > 0 AND amount < {_BOUND}", name="amount_bounded"),
        CheckConstraint("debit_id <> credit_id", name="two_accounts"),
        CheckConstraint("kind IN ('deposit', 'transfer', 'capture', 'reversal')", name="kind_known"),
        CheckConstraint("(kind = 'reversal') = (reverses_id IS NOT NULL)", name="reversal_of"),
        CheckConstraint("(kind = 'capture') = (hold_id IS NOT NULL)", name="capture_of"),
        {"info": {READ_ONLY: True}},
    )

    debit_id: Mapped[int]
    credit_id: Mapped[int]
    currency: Mapped[str]
    amount: Mapped[Money]
    kind: Mapped[str]
    reverses_id: Mapped[int | None] = mapped_column(ForeignKey("transfers.id"), unique=True)
    hold_id: Mapped[int | None] = mapped_column(ForeignKey("holds.id"), unique=True)
    created_by: Mapped[UUID | None]
    created_at: Mapped[Timestamp]


class Entry(Base):
    """One of the two sides of a transfer: a negative amount in the debited account, a positive one in the other."""

    __tablename__ = "entries"
    __table_args__ = (
        ForeignKeyConstraint(["account_id", "currency"], ["accounts.id", "accounts.currency"]),
        CheckConstraint(f"amount <> 0 AND abs(amount) < {_BOUND}", name="amount_bounded"),
        UniqueConstraint("transfer_id", "account_id"),
        # A transfer has one entry of each sign, so it cannot receive a third one later.
        Index("uq_entries_transfer_id_sign", "transfer_id", text("(amount > 0::numeric)"), unique=True),
        Index("ix_entries_account_id_id", "account_id", "id"),
        {"info": {READ_ONLY: True}},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=False), primary_key=True)
    transfer_id: Mapped[int] = mapped_column(ForeignKey("transfers.id"))
    account_id: Mapped[int]
    currency: Mapped[str]
    amount: Mapped[Money]
    balance_after: Mapped[Money]
