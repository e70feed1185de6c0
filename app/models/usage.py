"""Recorded usage."""

from datetime import date, datetime
from typing import Final

from sqlalchemy import BigInteger, Date, Index, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base

ANONYMOUS: Final = "anonymous"
"""The consumer of requests without credentials."""
BUCKETS: Final = 15
"""The buckets of ``latencies``: those of ``http_server_request_duration_seconds``, and one for longer requests."""


class UsageDay(Base):
    """Requests of a consumer for an operation, or for a deprecated feature of it, on one day (UTC).

    ``feature`` is empty for the operation as a whole. ``consumer`` is the uid of the first API key of a chain of
    rotations or, without a key, of a user, or ``anonymous``.
    """

    __tablename__ = "usage_days"
    __table_args__ = (Index("ix_usage_days_day", "day"), Index("ix_usage_days_consumer_day", "consumer", "day"))

    api_version: Mapped[str] = mapped_column(primary_key=True)
    consumer: Mapped[str] = mapped_column(primary_key=True)
    operation: Mapped[str] = mapped_column(primary_key=True)
    feature: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    requests: Mapped[int]
    """All of them, also ``errors`` and ``rejections``."""
    errors: Mapped[int] = mapped_column(server_default=text("0"))
    """Responses with a status of 400 or more, without rejections."""
    rejections: Mapped[int] = mapped_column(server_default=text("0"))
    """Requests that a rate limit or an early brownout rejected."""
    deprecated_calls: Mapped[int | None]
    """Requests to a deprecated version or that used a deprecated feature. None: all, in rows of the previous release,
    which recorded deprecated versions only."""
    latencies: Mapped[list[int]] = mapped_column(
        ARRAY(BigInteger), server_default=text(f"array_fill(0::bigint, ARRAY[{BUCKETS}])")
    )
    """Requests by duration: not cumulative."""
    first_seen: Mapped[datetime]
    last_seen: Mapped[datetime]
