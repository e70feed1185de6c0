"""Identities at providers, and the steps of a sign-in with one."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Identified, Timestamp


class Identity(Identified, Base):
    """A user's account at an identity provider. ``subject`` identifies it there, even if its address changes."""

    __tablename__ = "identities"
    __table_args__ = (UniqueConstraint("provider", "subject"),)

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    provider: Mapped[str]
    subject: Mapped[str]
    email: Mapped[str | None]
    """The address that the provider had verified when the identity was linked; users recognise the account by it."""
    created_at: Mapped[Timestamp]
    last_used_at: Mapped[datetime | None]


class SignInFlow(Base):
    """A visit to a provider that has not returned. The callback deletes its row, so it is used once."""

    __tablename__ = "sign_in_flows"
    __table_args__ = (CheckConstraint("purpose IN ('sign_in', 'link', 'reauthenticate')", name="purpose_known"),)

    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    """The SHA-256 of ``state``, from which the nonce and the PKCE verifier are derived with a key."""
    browser: Mapped[bytes] = mapped_column(LargeBinary)
    """The SHA-256 of the cookie of the browser that started it."""
    provider: Mapped[str]
    callback: Mapped[str]
    """The redirect URI that the provider returns to."""
    purpose: Mapped[str]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    session_uid: Mapped[UUID | None]
    """The session that links an identity or proves its user."""
    return_to: Mapped[str | None]
    """The page of the front end that receives the outcome; NULL for JSON."""
    code_challenge: Mapped[str | None]
    created_at: Mapped[Timestamp]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class SignInCode(Base):
    """A one-time code that a front end exchanges for tokens. The exchange deletes its row."""

    __tablename__ = "sign_in_codes"

    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    code_challenge: Mapped[str]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class IdentityConfirmation(Identified, Base):
    """An identity that becomes a user's when the owner of the user's address uses a mailed token.

    The token is derived from ``uid``, as those of ``ActionToken``; ``digest`` is its SHA-256.
    """

    __tablename__ = "identity_confirmations"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    provider: Mapped[str]
    subject: Mapped[str]
    email: Mapped[str]
    network: Mapped[str]
    """The network of the client that signed in; the mail names it."""
    digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    created_at: Mapped[Timestamp]
    expires_at: Mapped[datetime] = mapped_column(index=True)
