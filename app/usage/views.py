"""Output of the usage feature."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from app.kit.db.sessions import Row
from observability.metrics.requests import BUCKETS

_P95: Final = 0.95


@dataclass(frozen=True, slots=True)
class UsageDayView:
    """The requests of a user with one API key, or without a key, on one day (UTC)."""

    day: date
    consumer: str
    key_uid: UUID | None
    """The newest key of a chain of rotations; None for requests with an access token."""
    requests: int
    errors: int
    rejections: int
    deprecated_calls: int
    p95_seconds: float | None

    @classmethod
    def from_row(cls, row: Row) -> "UsageDayView":
        """Build the view from a row with a column for each other field, and ``latencies``."""
        return cls(
            day=row["day"],
            consumer=row["consumer"],
            key_uid=row["key_uid"],
            requests=int(row["requests"]),
            errors=int(row["errors"]),
            rejections=int(row["rejections"]),
            deprecated_calls=int(row["deprecated_calls"]),
            p95_seconds=quantile(_P95, [int(count) for count in row["latencies"]]),
        )


@dataclass(frozen=True, slots=True)
class UsedElementView:
    """A part of the contract that observed requests contain."""

    element: str
    present: int
    possible: int
    """In how many observed requests, or objects around it, it could be."""
    deprecated: bool
    missing_in_successor: bool | None
    """None if no version follows."""


@dataclass(frozen=True, slots=True)
class UsedOperationView:
    """The use of one operation by a user, with all keys."""

    api_version: str
    operation: str
    """``GET /posts/{post_id}``."""
    requests: int
    observed: int
    deprecated: bool
    successor_version: str | None
    successor: str | None
    """The operation that follows; None if there is none."""
    elements: Sequence[UsedElementView]


@dataclass(frozen=True, slots=True)
class PlanConsumers:
    """How many consumers on one plan use a version, and would break if it ended now."""

    api_version: str
    plan: str
    consumers: int
    breaking: int
    counted_at: datetime

    @classmethod
    def from_row(cls, row: Row) -> "PlanConsumers":
        """Build the view from a row with a column for each field."""
        return cls(row["api_version"], row["plan"], row["consumers"], row["breaking"], row["counted_at"])


def quantile(q: float, counts: Sequence[int]) -> float | None:
    """A quantile in seconds, interpolated within its bucket as Prometheus does; None without requests.

    Above the last bound it is that bound.
    """
    total = sum(counts)
    if not total:
        return None
    rank, below, lower = q * total, 0, 0.0
    for count, upper in zip(counts, BUCKETS, strict=False):
        if count and below + count >= rank:
            return lower + (upper - lower) * (rank - below) / count
        below, lower = below + count, upper
    return BUCKETS[-1]
