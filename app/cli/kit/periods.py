"""Periods of days in options: ``30d``, or the first day."""

import re
from datetime import date, timedelta
from typing import Final

from app.cli.kit.output import CommandError

_DAYS: Final = re.compile(r"([1-9][0-9]{0,3})d")


def first_day(text: str, today: date) -> date:
    """The first day of a period until today. Raises ``CommandError``."""
    if (days := _DAYS.fullmatch(text)) is not None:
        return today - timedelta(days=int(days[1]))
    try:
        found = date.fromisoformat(text)
    except ValueError:
        message = f"--since must be a number of days such as 30d, or a day such as {today}, got '{text}'."
        raise CommandError(message) from None
    if found > today:
        message = f"--since must not be in the future, got '{text}'."
        raise CommandError(message)
    return found
