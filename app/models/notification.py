"""Notifications."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Identified, Timestamp


class Notification(Identified, Base):
    """A message to one user. ``sender_uid`` has no foreign key, since a notification outlives its sender."""

    __tablename__ = "notifications"
    __table_args__ = (
        Index("ix_notifications_user_id_id", "user_id", "id"),
        Index("ix_notifications_created_at", "created_at"),
    )

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    sender_uid: Mapped[UUID]
    message: Mapped[str]
    created_at: Mapped[Timestamp]
    read_at: Mapped[datetime | None]
