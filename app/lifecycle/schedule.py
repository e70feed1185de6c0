"""The brownouts and retirements that one process knows."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from app.lifecycle.errors import KeyBrownedOut, VersionBrownedOut, VersionRetired
from app.lifecycle.version import VersionLifecycle, VersionStatus, Window, status_at


class Schedule:
    """Decides whether a version serves requests. Every request of a deprecated version calls it, so it does no I/O."""

    def __init__(self) -> None:
        self._windows: Mapping[str, Sequence[Window]] = {}
        self._retired: Mapping[str, datetime] = {}

    def replace(self, windows: Mapping[str, Sequence[Window]], retired: Mapping[str, datetime]) -> None:
        """Replace the decisions that were read from the database before."""
        self._windows, self._retired = windows, retired

    def ensure_served(self, lifecycle: VersionLifecycle, now: datetime) -> None:
        """Raise ``VersionRetired`` or ``VersionBrownedOut`` unless the version serves requests now."""
        retired_at = self.retired_at(lifecycle)
        if retired_at is not None and retired_at <= now:
            raise VersionRetired(lifecycle, retired_at)
        if (window := self.open_window(lifecycle, now)) is not None:
            raise VersionBrownedOut(lifecycle, window, now)

    def status(self, lifecycle: VersionLifecycle, now: datetime) -> VersionStatus:
        """The status of a version at a moment."""
        return status_at(lifecycle, now, self._windows.get(lifecycle.name, ()), self.retired_at(lifecycle))

    def retired_at(self, lifecycle: VersionLifecycle) -> datetime | None:
        """When the version was retired, by declaration or by a command."""
        return lifecycle.retired_at or self._retired.get(lifecycle.name)

    def open_window(self, lifecycle: VersionLifecycle, now: datetime) -> Window | None:
        """The brownout that is open at a moment."""
        for windows in (lifecycle.brownouts, self._windows.get(lifecycle.name, ())):
            for window in windows:
                if window.covers(now):
                    return window
        return None

    def windows(self, lifecycle: VersionLifecycle) -> list[Window]:
        """Every past and future brownout, ordered by start."""
        return sorted({*lifecycle.brownouts, *self._windows.get(lifecycle.name, ())})


def ensure_key_served(lifecycle: VersionLifecycle, until: datetime, now: datetime) -> None:
    """Raise ``KeyBrownedOut`` until the end of the early brownout that the owner of a key requested."""
    if now < until:
        raise KeyBrownedOut(lifecycle, until, now)
