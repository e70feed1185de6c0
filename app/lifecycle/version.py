"""The stages of a version's life, and where in it a version is."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final


class VersionStatus(StrEnum):
    """The stages of a version's life, in their order."""

    PREVIEW = "preview"
    CURRENT = "current"
    SUPPORTED = "supported"
    DEPRECATED = "deprecated"
    BROWNOUT = "brownout"
    """Deprecated, and its brownouts have begun. Never declared: the first window that opens brings it about."""
    RETIRED = "retired"


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """A span in which a version answers 410 to rehearse its end. The end is no part of it."""

    starts_at: datetime
    ends_at: datetime

    def covers(self, moment: datetime) -> bool:
        """Whether the window is open."""
        return self.starts_at <= moment < self.ends_at

    def overlaps(self, other: "Window") -> bool:
        """Whether there is a moment that both cover."""
        return self.starts_at < other.ends_at and other.starts_at < self.ends_at


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionLifecycle:
    """What is declared of a version: the stage that a release gives it, and its dates."""

    name: str
    status: VersionStatus
    released: date
    deprecated_at: datetime | None = None
    sunset_at: datetime | None = None
    retired_at: datetime | None = None
    successor: str | None = None
    brownouts: tuple[Window, ...] = ()

    @property
    def migration_guide(self) -> str | None:
        """The page that leads to the successor."""
        return f"/docs/migrate/{self.name}-to-{self.successor}" if self.successor else None

    @property
    def ending(self) -> bool:
        """Whether it has a successor that its clients are asked to move to."""
        return self.status in SUNSET_STATUSES


SUNSET_STATUSES: Final = frozenset({VersionStatus.DEPRECATED, VersionStatus.RETIRED})
"""The stages that are declared of a version whose clients are asked to leave."""


def stage_at(
    lifecycle: VersionLifecycle, moment: datetime, scheduled: Iterable[Window] = (), retired_at: datetime | None = None
) -> VersionStatus:
    """The stage at a moment: the declared one, moved on by what has happened since.

    ``scheduled`` and ``retired_at`` are what was decided at run time. Once the first brownout has begun the stage stays
    until the end: that the version answers between two windows does not take it back.
    """
    if lifecycle.status is VersionStatus.RETIRED or (retired_at is not None and retired_at <= moment):
        return VersionStatus.RETIRED
    if lifecycle.status is VersionStatus.DEPRECATED and any(
        window.starts_at <= moment for window in (*lifecycle.brownouts, *scheduled)
    ):
        return VersionStatus.BROWNOUT
    return lifecycle.status
