"""Recorded usage."""

from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, Date, Index, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
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


class UsageElements(Base):
    """Which elements of the contract a consumer used in its requests for an operation on one day (UTC).

    ``consumer`` is that of ``UsageDay``. ``elements`` maps an element, such as ``body:/title``, to its summary: counts,
    ranges, and counts by name; it contains no value and no name that the contract does not list.
    """

    __tablename__ = "usage_elements"
    __table_args__ = (Index("ix_usage_elements_consumer", "consumer", "api_version", "operation"),)

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    api_version: Mapped[str] = mapped_column(primary_key=True)
    consumer: Mapped[str] = mapped_column(primary_key=True)
    operation: Mapped[str] = mapped_column(primary_key=True)
    key_id: Mapped[str] = mapped_column(primary_key=True)
    """Identifies the key of the hashes of names: those of two keys cannot be compared."""
    observed: Mapped[int]
    """Accepted requests that were summarised."""
    random: Mapped[int]
    """Those of them in the random stratum."""
    elements: Mapped[dict[str, Any]] = mapped_column(JSONB)


class UsageFlush(Base):
    """The newest flush of a process. A process repeats a flush whose outcome it does not know, and it counts once."""

    __tablename__ = "usage_flushes"

    process: Mapped[UUID] = mapped_column(primary_key=True)
    sequence: Mapped[int]
    flushed_at: Mapped[datetime]


class UsageWatch(Base):
    """A consumer whose requests are all observed for a time."""

    __tablename__ = "usage_watches"

    consumer: Mapped[str] = mapped_column(primary_key=True)
    ends_at: Mapped[datetime]


class VersionConsumers(Base):
    """How many consumers on one plan use a version. One worker counts them for all processes, which expose them."""

    __tablename__ = "version_consumers"

    api_version: Mapped[str] = mapped_column(primary_key=True)
    plan: Mapped[str] = mapped_column(primary_key=True)
    consumers: Mapped[int]
    """With an accepted request in the last 30 days, or that receive events of the version."""
    breaking: Mapped[int]
    """Those of them that would break if the version ended now: they used it in the last 7 days, or receive events."""
    counted_at: Mapped[datetime]
