"""Time as the product tells it."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Now, in UTC, with microseconds: what PostgreSQL can store."""
    return datetime.now(UTC)
