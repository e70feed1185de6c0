"""Registrations whose address is not verified yet."""

from datetime import datetime

from sqlalchemy import Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Identified, Timestamp


class PendingRegistration(Identified, Base):
    """A user that exists as soon as a mailed token proves the address. Several may claim one address.

    The token is derived from ``uid``, as those of ``ActionToken``; ``digest`` is its SHA-256.
    """

    __tablename__ = "pending_registrations"
    __table_args__ = (Index("ix_pending_registrations_email_canonical", "email_canonical"),)

    email: Mapped[str]
    email_canonical: Mapped[str]
    display_name: Mapped[str]
    password_hash: Mapped[str]
    digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    network: Mapped[str | None]
    """The network of the client that registered; the mail names it."""
    created_at: Mapped[Timestamp]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    mailed_at: Mapped[datetime | None]
    """When the last mail with the token was requested."""
