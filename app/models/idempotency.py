"""Answers kept for clients that repeat a request."""

from datetime import datetime

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Timestamp


class IdempotencyRecord(Base):
    """The answer to one request under one key, sealed: it may hold a token or personal data.

    ``scope`` is a digest of principal, method, route and key; ``fingerprint`` one of the request's body and query.
    """

    __tablename__ = "idempotency_records"

    scope: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_response: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[Timestamp]
    expires_at: Mapped[datetime] = mapped_column(index=True)
