"""Errors of the lifecycle feature: unavailable versions, rejected decisions and contradictory declarations."""

from collections.abc import Sequence
from datetime import datetime
from math import ceil

from app.errors import Conflict, DomainError, ErrorKind, Invalid, NotFound
from app.lifecycle.version import VersionLifecycle, Window


class VersionRetired(DomainError):
    code = "version_retired"
    kind = ErrorKind.GONE
    detail = "This version of the API has ended. Its Link header leads to the version that succeeds it."

    def __init__(self, lifecycle: VersionLifecycle, retired_at: datetime) -> None:
        super().__init__(f"{lifecycle.name} ended on {retired_at:%-d %B %Y}. {_advice(lifecycle)}")


class VersionBrownedOut(DomainError):
    """``retry_after`` is the number of seconds until the end of the window."""

    code = "version_browned_out"
    kind = ErrorKind.GONE
    detail = "This version of the API does not answer for a while, to rehearse its end. Retry-After says for how long."

    def __init__(self, lifecycle: VersionLifecycle, window: Window, now: datetime) -> None:
        seconds = ceil((window.ends_at - now).total_seconds())
        text = f"{lifecycle.name} does not answer until {_time(window.ends_at)}, to rehearse its end{_end(lifecycle)}."
        super().__init__(f"{text} {_advice(lifecycle)}", retry_after=max(1, seconds))


class KeyBrownedOut(DomainError):
    """``retry_after`` is the number of seconds until the end that the owner of the key chose."""

    code = "key_browned_out"
    kind = ErrorKind.GONE
    detail = (
        "The owner of this API key has asked that deprecated versions do not answer it, to see what depends on them."
    )

    def __init__(self, lifecycle: VersionLifecycle, until: datetime, now: datetime) -> None:
        seconds = ceil((until - now).total_seconds())
        text = (
            f"By its owner's wish, {lifecycle.name} does not answer this API key until {_time(until)}{_end(lifecycle)}."
        )
        super().__init__(f"{text} {_advice(lifecycle)}", retry_after=max(1, seconds))


class BrownoutRefused(Invalid):
    code = "brownout_refused"
    detail = "This brownout cannot be scheduled."


class NoSuchBrownout(NotFound):
    code = "brownout_not_found"
    detail = "No brownout that goes on or is to come lies within this span."


class NoSuchConsent(NotFound):
    code = "consent_not_found"
    detail = "This account has not consented."


class StillNeeded(Conflict):
    """``reasons`` are sentences that name what prevents the retirement and what to do about it."""

    code = "version_still_needed"
    detail = "The version may not end yet."

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__(" ".join(reasons))
        self.reasons = tuple(reasons)


class LifecycleError(ValueError):
    """The declared lifecycles contradict each other or the recorded ones; ``errors`` are sentences."""

    def __init__(self, errors: Sequence[str]) -> None:
        super().__init__(" ".join(errors))
        self.errors = tuple(errors)


def _advice(lifecycle: VersionLifecycle) -> str:
    return f"Use {lifecycle.successor} (/api/{lifecycle.successor}); {lifecycle.migration_guide} tells how."


def _end(lifecycle: VersionLifecycle) -> str:
    return f" on {lifecycle.sunset_at:%-d %B %Y}" if lifecycle.sunset_at else ""


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
