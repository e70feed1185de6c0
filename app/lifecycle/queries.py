"""Reads of the lifecycle feature."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import select

from app.kit.db.sessions import ReadSession
from app.kit.db.statements import Read
from app.lifecycle.version import Window
from app.models import VersionBrownout, VersionRetirement

_WINDOWS: Final = Read(
    select(VersionBrownout.api_version, VersionBrownout.starts_at, VersionBrownout.ends_at).order_by(
        VersionBrownout.starts_at
    )
)
_RETIREMENTS: Final = Read(select(VersionRetirement.api_version, VersionRetirement.retired_at))


class DecisionQueries:
    """Reads the decisions about versions."""

    def __init__(self, reads: ReadSession) -> None:
        self._reads = reads

    async def windows(self) -> Mapping[str, Sequence[Window]]:
        """Every brownout by version, ordered by start."""
        found: dict[str, list[Window]] = {}
        for row in await self._reads.all(_WINDOWS):
            found.setdefault(row["api_version"], []).append(Window(row["starts_at"], row["ends_at"]))
        return found

    async def retirements(self) -> Mapping[str, datetime]:
        """The time of retirement by version."""
        return {row["api_version"]: row["retired_at"] for row in await self._reads.all(_RETIREMENTS)}
