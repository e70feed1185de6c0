"""The clock with which the product creates and compares times."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Now, in UTC, with microseconds, which is the precision of PostgreSQL."""
    return datetime.now(UTC)


def rfc3339(moment: datetime) -> str:
    """A UTC time as text (RFC 3339), with ``Z`` for the zone."""
    return moment.isoformat().replace("+00:00", "Z")
