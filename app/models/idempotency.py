"""Stored responses for repeated requests."""

from datetime import datetime

from sqlalchemy import LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Timestamp


class IdempotencyRecord(Base):
    """The encrypted response to one request under one key; it may contain tokens or personal data.

    ``scope`` is a digest of principal, method, route and key; ``fingerprint`` is a digest of the body and the query.
    ``permissions`` are those of the principal that the operation used; a replay needs them.
    """

    __tablename__ = "idempotency_records"

    scope: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_response: Mapped[bytes] = mapped_column(LargeBinary)
    permissions: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    created_at: Mapped[Timestamp]
    expires_at: Mapped[datetime] = mapped_column(index=True)
