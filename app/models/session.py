"""Sessions, their refresh tokens, and tokens that are sent by mail."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Identified, Timestamp


class Session(Identified, Base):
    """One sign-in on one device: the family of all refresh tokens that descend from it."""

    __tablename__ = "sessions"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    user_agent: Mapped[str | None]
    network: Mapped[str | None]
    """The network from which the user signed in. The limits on guessing serve it first."""
    created_at: Mapped[Timestamp]
    last_used_at: Mapped[Timestamp]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    authenticated_at: Mapped[datetime | None]
    """When the user last proved their identity after the sign-in."""


class RefreshToken(Base):
    """A refresh token, identified by its ``jti``. Its use after its rotation shows a theft and ends the session."""

    __tablename__ = "refresh_tokens"

    jti: Mapped[UUID] = mapped_column(primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"), index=True)
    expires_at: Mapped[datetime]
    spent_at: Mapped[datetime | None]
    successor: Mapped[UUID | None]
    """The ``jti`` of the token that replaced it."""


class ActionToken(Identified, Base):
    """A single-use token that is sent by mail, stored as its SHA-256."""

    __tablename__ = "action_tokens"
    __table_args__ = (
        CheckConstraint("purpose IN ('verification', 'password_reset')", name="purpose_known"),
        Index("ix_action_tokens_user_id_purpose", "user_id", "purpose", postgresql_where=text("used_at IS NULL")),
    )

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    purpose: Mapped[str]
    digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    created_at: Mapped[Timestamp]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
