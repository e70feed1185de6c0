"""Deprecation and sunset: what was announced, and whether the announced day has come."""

from datetime import UTC, date, datetime
from enum import Enum, auto


class Phase(Enum):
    """How far something is on its way out."""

    PROMISED = auto()
    UNDATED = auto()
    ANNOUNCED = auto()
    OVER = auto()


def day(value: object) -> date | None:
    """The day of a sunset, an RFC 3339 date or time; none where it is neither."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return (moment if moment.tzinfo is None else moment.astimezone(UTC)).date()


def phase(deprecated: bool, sunset: object, today: date) -> Phase:  # noqa: FBT001 - what a document says
    """Where something stands. Without a deprecation a sunset announces nothing."""
    if not deprecated:
        return Phase.PROMISED
    if (announced := day(sunset)) is None:
        return Phase.UNDATED
    return Phase.OVER if announced <= today else Phase.ANNOUNCED
