"""The declaration of v1."""

from datetime import UTC, date, datetime
from typing import Final

from app.lifecycle.version import VersionStatus
from versions.kit.version import ApiVersion
from versions.v1.app import build
from versions.v1.events import RENDERER

VERSION: Final = ApiVersion(
    name="v1",
    status=VersionStatus.DEPRECATED,
    released=date(2025, 1, 15),
    deprecated_at=datetime(2026, 6, 1, tzinfo=UTC),
    sunset_at=datetime(2027, 12, 31, 23, 59, 59, tzinfo=UTC),
    successor="v2",
    build=build,
    events=RENDERER,
)
