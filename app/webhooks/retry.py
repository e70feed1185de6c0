"""When a failed delivery is attempted again, and when its endpoint is disabled."""

import random
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from app.kit.egress.errors import Reason
from app.webhooks.views import Outcome

_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)
PAUSES: Final = (
    timedelta(seconds=5),
    5 * _MINUTE,
    30 * _MINUTE,
    *(hours * _HOUR for hours in (2, 5, 10, 14, 20, 24)),
)
"""The pause after each failed attempt; the attempt after the last pause is the last one."""
MAX_ATTEMPTS: Final = len(PAUSES) + 1
_JITTER: Final = 0.2
_LONGEST: Final = timedelta(hours=24)
_BUSY: Final = frozenset({429, 502, 504})
GONE: Final = 410


def next_attempt(attempt: int, outcome: Outcome, now: datetime) -> datetime | None:
    """When to attempt again after the failure of this attempt, the first one being 1; None: never."""
    if attempt >= MAX_ATTEMPTS or outcome.status == GONE:
        return None
    pause = PAUSES[attempt - 1] * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 - no secret
    if outcome.status in _BUSY or outcome.error == Reason.TIMEOUT:
        pause = max(pause, _MINUTE)
    # A receiver can only lengthen a pause.
    return now + max(pause, min(_requested(outcome.retry_after, now), _LONGEST))


def _requested(retry_after: str | None, now: datetime) -> timedelta:
    """The pause of a ``Retry-After``: seconds or a date."""
    if retry_after is None:
        return timedelta()
    if retry_after.isascii() and retry_after.isdigit():
        return timedelta(seconds=min(int(retry_after[:9]), _LONGEST.total_seconds()))
    try:
        at = parsedate_to_datetime(retry_after)
    except (ValueError, OverflowError):
        return timedelta()
    return (at if at.tzinfo is not None else at.replace(tzinfo=UTC)) - now
