"""Events (outbox)."""

from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Identified, Timestamp


class Event(Identified, Base):
    """An event, written in the transaction of the change. Without foreign keys, since events outlive their subjects."""

    __tablename__ = "events"
    __table_args__ = (Index("ix_events_subject_uid_id", "subject_uid", "id"),)

    type: Mapped[str]
    subject_uid: Mapped[UUID]
    actor_uid: Mapped[UUID | None]
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    occurred_at: Mapped[Timestamp]
