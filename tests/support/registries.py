"""Registries for tests: the same applications with other lifecycles."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from app.kit.clock import utc_now
from app.lifecycle.rules import validate_lifecycles
from app.lifecycle.version import VersionStatus, Window
from app.web.migration_guide import PLACE, archived_guides
from tests.support.wire import WIRE
from versions.kit.version import ApiVersion
from versions.registry import VERSIONS

DAY = timedelta(days=1)
CURRENT = next(version for version in VERSIONS if version.name == WIRE)

DEPRECATED = tuple(version for version in VERSIONS if version.deprecated_at is not None)
"""The served versions that are deprecated, oldest first."""
GUIDES = (
    *(version.migration_guide for version in VERSIONS if version.migration_guide is not None),
    *(f"{PLACE}{pair}" for pair in sorted(archived_guides())),
)
"""The paths of the migration guides, those of removed versions included."""


def older(version: ApiVersion, successor: str, *windows: Window, retired: bool = False) -> ApiVersion:
    """A version whose sunset was yesterday if it is retired, and is in a year if not."""
    now = utc_now()
    return replace(
        version,
        status=VersionStatus.RETIRED if retired else VersionStatus.DEPRECATED,
        released=(now - 900 * DAY).date(),
        deprecated_at=now - 400 * DAY,
        sunset_at=now - DAY if retired else now + 365 * DAY,
        retired_at=now - DAY if retired else None,
        successor=successor,
        brownouts=windows,
    )


def newest(version: ApiVersion, name: str) -> ApiVersion:
    """A version that is current."""
    return replace(version, name=name, status=VersionStatus.CURRENT, released=(utc_now() - 500 * DAY).date())


OLD = replace(
    older(CURRENT, CURRENT.name),
    name="v901",
    released=CURRENT.released - 400 * DAY,
    deprecated_at=datetime.combine(CURRENT.released, time(), UTC),
    sunset_at=datetime(2027, 12, 31, 23, 59, 59, tzinfo=UTC),
)
"""A deprecated predecessor of the current version, with the same operations."""


def going_on(now: datetime) -> Window:
    """A brownout that began an hour ago and ends in another."""
    return Window(now - timedelta(hours=1), now + timedelta(hours=1))


def served(monkeypatch: pytest.MonkeyPatch, *versions: ApiVersion) -> None:
    """Serve these versions in applications created from here on, without recorded lifecycles."""
    for module in ("app.main", "app.web.routes", "app.web.discovery"):
        monkeypatch.setattr(f"{module}.VERSIONS", versions)
    monkeypatch.setattr("app.main.ensure_declared", lambda found: validate_lifecycles(found, {}, utc_now()))
