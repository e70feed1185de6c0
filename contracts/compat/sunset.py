"""Deprecation and sunset dates: what was announced, and whether the date has passed."""

from datetime import UTC, date, datetime
from enum import Enum, auto


class SunsetPhase(Enum):
    """The state of a deprecation."""

    NOT_DEPRECATED = auto()
    NO_DATE = auto()
    BEFORE_SUNSET = auto()
    AFTER_SUNSET = auto()


def parse_sunset(value: object) -> date | None:
    """The date of an `x-sunset` value, which is an RFC 3339 date or time. `None` for any other value."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return (moment if moment.tzinfo is None else moment.astimezone(UTC)).date()


def sunset_phase(deprecated: bool, sunset: object, today: date) -> SunsetPhase:  # noqa: FBT001 - `deprecated` of OpenAPI
    """The phase on a day. A sunset without a deprecation has no effect."""
    if not deprecated:
        return SunsetPhase.NOT_DEPRECATED
    if (announced := parse_sunset(sunset)) is None:
        return SunsetPhase.NO_DATE
    return SunsetPhase.AFTER_SUNSET if announced <= today else SunsetPhase.BEFORE_SUNSET
