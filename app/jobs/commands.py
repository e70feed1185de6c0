"""Input of the use cases of jobs."""

from dataclasses import dataclass, fields
from typing import Any

from app.exports.commands import ExportRequest
from app.files.views import FileRef
from app.impact.commands import ImpactJob
from app.jobs.views import JobStatus
from app.reports.commands import ReportRequest


@dataclass(frozen=True, slots=True)
class EmailDraft:
    """A mail to send. ``to`` is None for the caller's own address."""

    subject: str
    text: str
    to: str | None = None


@dataclass(frozen=True, slots=True)
class PostImport:
    """A file of the caller with comma-separated values, whose rows become posts of the caller."""

    file: FileRef


NewJob = EmailDraft | PostImport | ReportRequest | ExportRequest | ImpactJob


@dataclass(frozen=True, slots=True)
class JobFilter:
    """The jobs to read; None does not filter."""

    status: JobStatus | None = None
    kind: str | None = None

    def given(self) -> dict[str, Any]:
        """The filters in use by name."""
        return {field.name: value for field in fields(self) if (value := getattr(self, field.name)) is not None}
