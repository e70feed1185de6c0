"""Why a version does not answer."""

from datetime import datetime
from math import ceil

from app.errors import DomainError, ErrorKind
from app.lifecycle.version import VersionLifecycle, Window


class VersionRetired(DomainError):
    code = "version_retired"
    kind = ErrorKind.GONE
    detail = "This version of the API has ended. Its Link header leads to the version that succeeds it."

    def __init__(self, lifecycle: VersionLifecycle, retired_at: datetime) -> None:
        super().__init__(f"{lifecycle.name} ended on {retired_at:%-d %B %Y}. {_way_out(lifecycle)}")


class VersionBrownedOut(DomainError):
    """``retry_after`` counts to the end of the window."""

    code = "version_browned_out"
    kind = ErrorKind.GONE
    detail = "This version of the API does not answer for a while, to rehearse its end. Retry-After says for how long."

    def __init__(self, lifecycle: VersionLifecycle, window: Window, now: datetime) -> None:
        seconds = ceil((window.ends_at - now).total_seconds())
        told = f"{lifecycle.name} does not answer until {_time(window.ends_at)}, to rehearse its end{_end(lifecycle)}."
        super().__init__(f"{told} {_way_out(lifecycle)}", retry_after=max(1, seconds))


class KeyBrownedOut(DomainError):
    """``retry_after`` counts to the end of what the owner of the key has asked for."""

    code = "key_browned_out"
    kind = ErrorKind.GONE
    detail = (
        "The owner of this API key has asked that deprecated versions do not answer it, to see what depends on them."
    )

    def __init__(self, lifecycle: VersionLifecycle, until: datetime, now: datetime) -> None:
        seconds = ceil((until - now).total_seconds())
        told = (
            f"By its owner's wish, {lifecycle.name} does not answer this API key until {_time(until)}{_end(lifecycle)}."
        )
        super().__init__(f"{told} {_way_out(lifecycle)}", retry_after=max(1, seconds))


def _way_out(lifecycle: VersionLifecycle) -> str:
    return f"Use {lifecycle.successor} (/api/{lifecycle.successor}); {lifecycle.migration_guide} tells how."


def _end(lifecycle: VersionLifecycle) -> str:
    return f" on {lifecycle.sunset_at:%-d %B %Y}" if lifecycle.sunset_at else ""


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
