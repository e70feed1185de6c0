"""The clock with which the product creates and compares times."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Now, in UTC, with microseconds, which is the precision of PostgreSQL."""
    return datetime.now(UTC)


def rfc3339(moment: datetime) -> str:
    """A time as text in UTC (RFC 3339), with ``Z`` for the zone. ``moment`` needs a zone."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def rfc3339_or_none(moment: datetime | None) -> str | None:
    """A time that may be unset, as ``rfc3339`` writes it."""
    return None if moment is None else rfc3339(moment)
