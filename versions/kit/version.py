"""What is known of a version before any of its code runs."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from fastapi import FastAPI

from app.settings import HttpSettings


class VersionStatus(StrEnum):
    """The stages of a version's life, in their order."""

    PREVIEW = "preview"
    CURRENT = "current"
    SUPPORTED = "supported"
    DEPRECATED = "deprecated"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiVersion:
    """One version of the API: its name, its dates, its successor, and how to build it.

    Raises ``ValueError`` for dates that contradict each other or the status.
    """

    name: str
    status: VersionStatus
    released: date
    build: Callable[["ApiVersion", HttpSettings], FastAPI]
    deprecated_at: datetime | None = None
    sunset_at: datetime | None = None
    successor: str | None = None

    def __post_init__(self) -> None:
        if (self.status is VersionStatus.DEPRECATED) != (self.deprecated_at is not None):
            message = f"{self.name}: a deprecated version, and no other, has a date of deprecation"
            raise ValueError(message)
        if self.sunset_at is not None and (self.deprecated_at is None or self.sunset_at < self.deprecated_at):
            message = f"{self.name}: sunset comes after deprecation"
            raise ValueError(message)

    @property
    def prefix(self) -> str:
        """Where the version is mounted."""
        return f"/api/{self.name}"

    @property
    def migration_guide(self) -> str | None:
        """The page that leads to the successor."""
        return f"/docs/migrate/{self.name}-to-{self.successor}" if self.successor else None
