"""The statuses of a version, its declared lifecycle, and its status at a moment."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final


class VersionStatus(StrEnum):
    """The statuses of a version, in the order of its lifecycle."""

    PREVIEW = "preview"
    CURRENT = "current"
    SUPPORTED = "supported"
    DEPRECATED = "deprecated"
    BROWNOUT = "brownout"
    """Deprecated, and its brownouts have begun. It is never declared: it follows from the start of the first window."""
    RETIRED = "retired"


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """A brownout: from ``starts_at`` until before ``ends_at`` a version responds 410, to rehearse its retirement."""

    starts_at: datetime
    ends_at: datetime

    def covers(self, moment: datetime) -> bool:
        """Whether the window is open."""
        return self.starts_at <= moment < self.ends_at

    def overlaps(self, other: "Window") -> bool:
        """Whether a moment exists that both windows cover."""
        return self.starts_at < other.ends_at and other.starts_at < self.ends_at


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionLifecycle:
    """The declaration of a version in a release: its status and its dates."""

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
        """The path of the guide for the migration to the successor."""
        return f"/docs/migrate/{self.name}-to-{self.successor}" if self.successor else None

    @property
    def is_sunsetting(self) -> bool:
        """Whether clients must move to the successor: the version is deprecated or retired."""
        return self.status in SUNSET_STATUSES


SUNSET_STATUSES: Final = frozenset({VersionStatus.DEPRECATED, VersionStatus.RETIRED})
"""The declared statuses of versions whose clients must move to the successor."""


def status_at(
    lifecycle: VersionLifecycle, moment: datetime, scheduled: Iterable[Window] = (), retired_at: datetime | None = None
) -> VersionStatus:
    """The status at a moment: the declared one, advanced by brownouts and retirement.

    ``scheduled`` and ``retired_at`` were decided at run time. After the start of the first brownout the status stays
    ``BROWNOUT`` until the retirement, also between two windows, when the version serves requests.
    """
    if lifecycle.status is VersionStatus.RETIRED or (retired_at is not None and retired_at <= moment):
        return VersionStatus.RETIRED
    if lifecycle.status is VersionStatus.DEPRECATED and any(
        window.starts_at <= moment for window in (*lifecycle.brownouts, *scheduled)
    ):
        return VersionStatus.BROWNOUT
    return lifecycle.status
