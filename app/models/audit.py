"""Audit events."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column
from uuid_utils.compat import uuid7

from app.models.base import APPEND_ONLY, Base


class AuditEvent(Base):
    """A security-relevant act, written in its transaction. Without foreign keys: the row outlives its user.

    The table is partitioned by month, and has no sequence: PostgreSQL 15 and 16 allow none in a partitioned table.
    """

    __tablename__ = "audit_events"
    __table_args__ = (
        CheckConstraint("outcome IN ('success', 'rejected')", name="outcome_known"),
        Index("ix_audit_events_actor_at_uid", "actor", "at", "uid"),
        Index("ix_audit_events_on_behalf_at_uid", "on_behalf", "at", "uid"),
        Index("ix_audit_events_target_at_uid", "target", "at", "uid"),
        Index("ix_audit_events_action_at_uid", "action", "at", "uid"),
        Index("ix_audit_events_outcome_at_uid", "outcome", "at", "uid"),
        {"postgresql_partition_by": "RANGE (at)", "info": {APPEND_ONLY: True}},
    )

    at: Mapped[datetime] = mapped_column(primary_key=True)
    uid: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    actor: Mapped[UUID | None]
    """The uid of the user or, if an API key acted, of the key; None for an operator, and for an unknown caller."""
    on_behalf: Mapped[UUID | None]
    """The uid of the user who owns the API key that acted."""
    action: Mapped[str]
    target: Mapped[str | None]
    """Kind and identifier of the object: ``user:<uid>``, ``version:<name>``."""
    outcome: Mapped[str]
    address: Mapped[str | None]
    """The network of the client; None for an operator at the command line."""
    request_id: Mapped[str | None]
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """Names of fields, hints and codes; neither secrets nor personal data."""
