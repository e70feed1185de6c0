"""Decisions about versions."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey
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


class VersionConsent(Base):
    """The consent of a user to the retirement of a version; ``note`` says where it was given."""

    __tablename__ = "version_consents"

    api_version: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True)
    note: Mapped[str]
    given_at: Mapped[Timestamp]
