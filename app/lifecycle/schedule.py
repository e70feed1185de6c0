"""What one process knows of brownouts and retirements that were decided while it runs."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from app.lifecycle.errors import KeyBrownedOut, VersionBrownedOut, VersionRetired
from app.lifecycle.version import Life, VersionStatus, Window, stage_at


class Schedule:
    """Decides whether a version answers. Asked by every request of a deprecated version, so it asks nobody itself."""

    def __init__(self) -> None:
        self._windows: Mapping[str, Sequence[Window]] = {}
        self._retired: Mapping[str, datetime] = {}

    def learn(self, windows: Mapping[str, Sequence[Window]], retired: Mapping[str, datetime]) -> None:
        """Take over what the database says, in place of what it said before."""
        self._windows, self._retired = windows, retired

    def ensure_answers(self, life: Life, now: datetime) -> None:
        """Raise ``VersionRetired`` or ``VersionBrownedOut`` unless the version answers now."""
        retired_at = self.retired_at(life)
        if retired_at is not None and retired_at <= now:
            raise VersionRetired(life, retired_at)
        if (window := self.open_window(life, now)) is not None:
            raise VersionBrownedOut(life, window, now)

    def stage(self, life: Life, now: datetime) -> VersionStatus:
        """The stage that a version is in."""
        return stage_at(life, now, self._windows.get(life.name, ()), self.retired_at(life))

    def retired_at(self, life: Life) -> datetime | None:
        """When the version was retired, by its declaration or by command."""
        return life.retired_at or self._retired.get(life.name)

    def open_window(self, life: Life, now: datetime) -> Window | None:
        """The brownout that is going on."""
        for windows in (life.brownouts, self._windows.get(life.name, ())):
            for window in windows:
                if window.covers(now):
                    return window
        return None

    def windows(self, life: Life) -> list[Window]:
        """Every brownout there was or will be, by its start."""
        return sorted({*life.brownouts, *self._windows.get(life.name, ())})


def ensure_key_answered(life: Life, until: datetime, now: datetime) -> None:
    """Raise ``KeyBrownedOut`` while the owner of a key wants deprecated versions to refuse it."""
    if now < until:
        raise KeyBrownedOut(life, until, now)
