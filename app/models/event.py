"""Events (outbox)."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Sequence, SmallInteger, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Identified, Timestamp

_RELAYED: Final = "position IS NOT NULL"
_OWNED: Final = f"audience = 'owner' AND {_RELAYED}"


class Event(Identified, Base):
    """An event, written in the transaction of the change. Without foreign keys, since events outlive their subjects.

    ``position`` is None until the relay has seen the committed row. ``owner_uid`` and ``counterparty_uid`` are the
    users who may read the event if ``audience`` is ``owner``.
    """

    __tablename__ = "events"
    __table_args__ = (
        CheckConstraint("audience IN ('public', 'owner', 'admin')", name="audience_known"),
        # A commit pays for the last one only: the others contain relayed events.
        Index("uq_events_position", "position", unique=True, postgresql_where=text(_RELAYED)),
        Index("ix_events_public", "position", postgresql_where=text(f"audience = 'public' AND {_RELAYED}")),
        Index("ix_events_owner_uid_position", "owner_uid", "position", postgresql_where=text(_RELAYED)),
        Index(
            "ix_events_counterparty_uid_position",
            "counterparty_uid",
            "position",
            postgresql_where=text(f"counterparty_uid IS NOT NULL AND {_RELAYED}"),
        ),
        Index("ix_events_audience_type", "audience", "type", "schema", "position", postgresql_where=text(_RELAYED)),
        Index("ix_events_owner_uid_type", "owner_uid", "type", "schema", "position", postgresql_where=text(_OWNED)),
        Index(
            "ix_events_counterparty_uid_type",
            "counterparty_uid",
            "type",
            "schema",
            "position",
            postgresql_where=text(f"counterparty_uid IS NOT NULL AND {_OWNED}"),
        ),
        Index("ix_events_unrelayed", "id", postgresql_where=text("position IS NULL")),
    )

    type: Mapped[str]
    schema: Mapped[int] = mapped_column(SmallInteger, server_default=text("1"))
    subject_uid: Mapped[UUID]
    subject_id: Mapped[int | None]
    owner_uid: Mapped[UUID | None]
    counterparty_uid: Mapped[UUID | None]
    actor_uid: Mapped[UUID | None]
    audience: Mapped[str] = mapped_column(server_default=text("'admin'"))
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    occurred_at: Mapped[Timestamp]
    position: Mapped[int | None]
    traceparent: Mapped[str | None]
    request_id: Mapped[str | None]


POSITIONS = Sequence("events_position_seq", metadata=Base.metadata)
"""The positions of events, in the order in which the relay sees them. A gap has no meaning."""


class EventConsumer(Base):
    """A consumer of events: it has handled every event up to ``position``."""

    __tablename__ = "event_consumers"

    name: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(server_default=text("0"))
    moved_at: Mapped[datetime]
