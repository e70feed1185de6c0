"""Input of the use cases that analyse a change."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, Self
from uuid import UUID

_DEFAULT_PERIOD: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class IdPrefixes:
    """The prefixes of ids in the version in which the analysis was requested."""

    user: str
    api_key: str


@dataclass(frozen=True, slots=True)
class ImpactRequest:
    """Which requests a candidate is compared with: those since ``since``, to ``version``.

    ``since`` is None for the default period. ``version`` is None if the servers of the candidate state it.
    """

    since: date | None
    version: str | None
    prefixes: IdPrefixes

    def params(self) -> dict[str, Any]:
        """The parameters of a job."""
        prefixes = {"user": self.prefixes.user, "api_key": self.prefixes.api_key}
        since = None if self.since is None else self.since.isoformat()
        return {"since": since, "version": self.version, "prefixes": prefixes}

    @classmethod
    def of_params(cls, params: Mapping[str, Any]) -> Self:
        """The request of a job with these parameters."""
        since = None if params["since"] is None else date.fromisoformat(params["since"])
        return cls(since, params["version"], IdPrefixes(**params["prefixes"]))

    def first_day(self, today: date) -> date:
        """The first day of the evidence."""
        return today - _DEFAULT_PERIOD if self.since is None else self.since


@dataclass(frozen=True, slots=True)
class ImpactJob:
    """An analysis in the background. ``candidate`` is the uid of a file that is not ready, and so is never listed."""

    request: ImpactRequest
    candidate: UUID
