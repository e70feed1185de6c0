"""What one process knows of brownouts and retirements that were decided while it runs."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from app.lifecycle.errors import KeyBrownedOut, VersionBrownedOut, VersionRetired
from app.lifecycle.version import VersionLifecycle, VersionStatus, Window, stage_at


class Schedule:
    """Decides whether a version answers. Asked by every request of a deprecated version, so it asks nobody itself."""

    def __init__(self) -> None:
        self._windows: Mapping[str, Sequence[Window]] = {}
        self._retired: Mapping[str, datetime] = {}

    def replace(self, windows: Mapping[str, Sequence[Window]], retired: Mapping[str, datetime]) -> None:
        """Take over what the database says, in place of what it said before."""
        self._windows, self._retired = windows, retired

    def ensure_answers(self, lifecycle: VersionLifecycle, now: datetime) -> None:
        """Raise ``VersionRetired`` or ``VersionBrownedOut`` unless the version answers now."""
        retired_at = self.retired_at(lifecycle)
        if retired_at is not None and retired_at <= now:
            raise VersionRetired(lifecycle, retired_at)
        if (window := self.open_window(lifecycle, now)) is not None:
            raise VersionBrownedOut(lifecycle, window, now)

    def stage(self, lifecycle: VersionLifecycle, now: datetime) -> VersionStatus:
        """The stage that a version is in."""
        return stage_at(lifecycle, now, self._windows.get(lifecycle.name, ()), self.retired_at(lifecycle))

    def retired_at(self, lifecycle: VersionLifecycle) -> datetime | None:
        """When the version was retired, by its declaration or by command."""
        return lifecycle.retired_at or self._retired.get(lifecycle.name)

    def open_window(self, lifecycle: VersionLifecycle, now: datetime) -> Window | None:
        """The brownout that is going on."""
        for windows in (lifecycle.brownouts, self._windows.get(lifecycle.name, ())):
            for window in windows:
                if window.covers(now):
                    return window
        return None

    def windows(self, lifecycle: VersionLifecycle) -> list[Window]:
        """Every brownout there was or will be, by its start."""
        return sorted({*lifecycle.brownouts, *self._windows.get(lifecycle.name, ())})


def ensure_key_answered(lifecycle: VersionLifecycle, until: datetime, now: datetime) -> None:
    """Raise ``KeyBrownedOut`` while the owner of a key wants deprecated versions to refuse it."""
    if now < until:
        raise KeyBrownedOut(lifecycle, until, now)
