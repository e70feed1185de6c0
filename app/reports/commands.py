"""Input of the use cases of reports."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Self

from app.reports.errors import MAX_DAYS, InvalidPeriod


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """A report about the posts of a user from ``start`` until ``end``, both included: at most ``MAX_DAYS`` days.

    The period of a new one is checked by ``ensure_valid``.
    """

    start: date
    end: date
    title: str = "Posts"

    def ensure_valid(self) -> None:
        """Raise ``InvalidPeriod``."""
        if not 0 <= (self.end - self.start).days < MAX_DAYS:
            raise InvalidPeriod

    def params(self) -> dict[str, Any]:
        """The parameters of the job."""
        return {"title": self.title, "start": self.start.isoformat(), "end": self.end.isoformat()}

    @classmethod
    def of_params(cls, params: Any) -> Self:
        """The request of a job with these parameters."""
        return cls(date.fromisoformat(params["start"]), date.fromisoformat(params["end"]), params["title"])
