"""The declaration of v2."""

from datetime import date
from typing import Final

from app.lifecycle.version import VersionStatus
from versions.kit.version import ApiVersion
from versions.v2.app import build
from versions.v2.events import RENDERER

VERSION: Final = ApiVersion(
    name="v2",
    status=VersionStatus.CURRENT,
    released=date(2026, 6, 1),
    build=build,
    events=RENDERER,
)
