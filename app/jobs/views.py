"""Output of the feature."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from operator import itemgetter
from typing import Any, Final, Literal
from uuid import UUID

from app.kit.db.sessions import Row
from app.models import Job

JobStatus = Literal["queued", "running", "succeeded", "failed", "cancelled"]


@dataclass(frozen=True, slots=True)
class ResultFile:
    """A file that a job has written."""

    id: int
    uid: UUID


@dataclass(frozen=True, slots=True)
class JobView:
    """A job; the fields are named like their columns."""

    id: int
    uid: UUID
    owner_id: int | None
    kind: str
    status: JobStatus
    revision: int
    attempt: int
    done: int
    total: int | None
    message: str | None
    result: Mapping[str, Any] | None
    problem: Mapping[str, Any] | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    cancel_requested_at: datetime | None

    @property
    def finished(self) -> bool:
        """Whether it has ended, in whichever way."""
        return self.finished_at is not None

    @property
    def reported_total(self) -> int | None:
        """How much there is to do, if the job runs and has said it."""
        return self.total if self.status == "running" else None

    @property
    def failure(self) -> str | None:
        """Why the job failed, for people. A job that waits for another attempt has not failed."""
        return self.problem["detail"] if self.status == "failed" and self.problem is not None else None

    @property
    def file(self) -> ResultFile | None:
        """The result, if it is a file."""
        if self.result is None or "file" not in self.result:
            return None
        return ResultFile(self.result["file_number"], UUID(self.result["file"]))

    @classmethod
    def from_row(cls, row: Row) -> "JobView":
        """Build the view from a row with a column for each field."""
        return cls(*_COLUMNS(row))

    @classmethod
    def from_entity(cls, job: Job) -> "JobView":
        """Build the view from an entity of the current transaction."""
        return cls(*(getattr(job, field.name) for field in fields(cls)))


@dataclass(frozen=True, slots=True)
class RowProblemView:
    """Why a row of the input of a job was left out."""

    id: int
    line: int
    pointer: str
    code: str
    detail: str

    @classmethod
    def from_row(cls, row: Row) -> "RowProblemView":
        """Build the view from a row with a column for each field."""
        return cls(*_PROBLEM(row))


_PROBLEM: Final = itemgetter(*(field.name for field in fields(RowProblemView)))
_COLUMNS: Final = itemgetter(*(field.name for field in fields(JobView)))
