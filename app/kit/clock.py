"""The clock with which the product creates and compares times."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Now, in UTC, with microseconds, which is the precision of PostgreSQL."""
    return datetime.now(UTC)
