"""Decisions about versions, and the mails about their ends."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index
from sqlalchemy.dialects.postgresql import JSONB
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


class VersionNotice(Identified, Base):
    """A mail to a user who depends on a version that ends. ``guide`` is what it contains about the user's requests."""

    __tablename__ = "version_notices"
    __table_args__ = (Index("ix_version_notices_user_id_api_version", "user_id", "api_version"),)

    api_version: Mapped[str]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    ends_on: Mapped[date] = mapped_column(Date)
    """The sunset that the mail announces: another one is another reason to write."""
    guide: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[Timestamp]
