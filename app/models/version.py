"""Decisions about versions and their recorded usage."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Identified, Timestamp


class VersionBrownout(Identified, Base):
    """A window in which a version responds 410. Cancelling an open window sets its end."""

    __tablename__ = "version_brownouts"
    __table_args__ = (CheckConstraint("ends_at > starts_at", name="ends_after_start"),)

    api_version: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    created_at: Mapped[Timestamp]


class VersionRetirement(Base):
    """The retirement of a version by a command."""

    __tablename__ = "version_retirements"

    api_version: Mapped[str] = mapped_column(primary_key=True)
    retired_at: Mapped[datetime]


class VersionUsage(Base):
    """Requests of a consumer for an operation, or for a deprecated feature of it, on one day (UTC).

    ``feature`` is empty for the operation as a whole. ``consumer`` is the uid of an API key or, without a key, of a
    user, or ``anonymous``.
    """

    __tablename__ = "version_usage"
    __table_args__ = (Index("ix_version_usage_day", "day"),)

    api_version: Mapped[str] = mapped_column(primary_key=True)
    consumer: Mapped[str] = mapped_column(primary_key=True)
    operation: Mapped[str] = mapped_column(primary_key=True)
    feature: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    requests: Mapped[int]
    first_seen: Mapped[datetime]
    last_seen: Mapped[datetime]


class VersionConsent(Base):
    """The consent of a user to the retirement of a version; ``note`` says where it was given."""

    __tablename__ = "version_consents"

    api_version: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True)
    note: Mapped[str]
    given_at: Mapped[Timestamp]
