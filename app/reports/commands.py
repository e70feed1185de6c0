"""Input of the use cases of reports."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Self

MAX_DAYS: Final = 366
MAX_TITLE: Final = 200


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """A report about the posts of a user from ``start`` until ``end``, both included: at most ``MAX_DAYS`` days."""

    title: str
    start: date
    end: date

    def params(self) -> dict[str, Any]:
        """The parameters of the job."""
        return {"title": self.title, "start": self.start.isoformat(), "end": self.end.isoformat()}

    @classmethod
    def of_params(cls, params: Any) -> Self:
        """The request of a job with these parameters."""
        return cls(params["title"], date.fromisoformat(params["start"]), date.fromisoformat(params["end"]))
