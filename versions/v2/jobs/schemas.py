"""Schemas of jobs in v2."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.exports.commands import ExportedResource, ExportFormat
from app.jobs.views import JobStatus
from versions.kit.values import Day, Email, text
from versions.v2.ids import FileId

_LINE: Final = StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$")
Subject = Annotated[
    str,
    _LINE,
    Field(description="One line of plain text.", examples=["Your report is ready"]),
]
Title = Annotated[
    str,
    _LINE,
    Field(description="One line of plain text.", examples=["Posts of November"]),
]
Text = Annotated[
    str, text(min_length=1, max_length=10_000), Field(description="In plain text.", examples=["It has 12 pages."])
]


class EmailParams(BaseModel):
    """A mail."""

    model_config = ConfigDict(extra="forbid")

    to: Email | None = Field(
        default=None,
        description="The recipient; null: your own address. Another one needs `mail:send`.",
        examples=[None],
    )
    subject: Subject
    text: Text


class EmailJob(BaseModel):
    """Send a mail."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["email"] = Field(description="The kind of the job.", examples=["email"])
    params: EmailParams = Field(description="The mail.")


class CsvImportParams(BaseModel):
    """A file with comma-separated values (RFC 4180) in UTF-8."""

    model_config = ConfigDict(extra="forbid")

    file_id: FileId = Field(description="A file of yours. Its first row names the columns.")


class CsvImportJob(BaseModel):
    """Create a post for each row of a file."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["csv_import"] = Field(description="The kind of the job.", examples=["csv_import"])
    params: CsvImportParams = Field(description="The file.")


class ReportParams(BaseModel):
    """A period of at most 366 days in UTC."""

    model_config = ConfigDict(extra="forbid")

    start_date: Day = Field(description="The first day.", examples=["2026-11-01"])
    end_date: Day = Field(description="The last day.", examples=["2026-11-30"])
    title: Title = "Posts"


class ReportJob(BaseModel):
    """Write a PDF about your posts of a period."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["report"] = Field(description="The kind of the job.", examples=["report"])
    params: ReportParams = Field(description="The report.")


class ExportParams(BaseModel):
    """The rows of `GET /exports/posts` or `GET /exports/users`."""

    model_config = ConfigDict(extra="forbid")

    resource: ExportedResource = Field(description="What to export.", examples=["posts"])
    format: ExportFormat = Field(default=ExportFormat.CSV, description="How rows are written.", examples=["csv"])


class ExportJob(BaseModel):
    """Write an export into a file."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["export"] = Field(description="The kind of the job.", examples=["export"])
    params: ExportParams = Field(description="The export.")


JobCreate = Annotated[EmailJob | CsvImportJob | ReportJob | ExportJob, Field(discriminator="type")]
"""A job to run."""


class Progress(BaseModel):
    """How far a job is."""

    model_config = ConfigDict(extra="forbid")

    done: int = Field(description="The units that are done.", ge=0, examples=[250])
    total: int | None = Field(description="All units; null while their number is unknown.", ge=0, examples=[1000])
    percent: int | None = Field(
        description="The share that is done; null while `total` is unknown.", ge=0, le=100, examples=[25]
    )


class JobProblem(BaseModel):
    """Why an attempt at a job failed."""

    model_config = ConfigDict(extra="forbid")

    code: str = Field(description="A stable code for programs.", examples=["job_timed_out"])
    detail: str = Field(description="A description for people.", examples=["An attempt took longer than 60 seconds."])


class Job(BaseModel):
    """A job. Its row is kept for 30 days after its end."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(description="The id of the job.", examples=["job_01jwxq7c8gfq8sh1tbp9xqk3ma"])
    type: str = Field(
        description="The kind of the job. New kinds appear over time: ignore those that you do not know.",
        examples=["email"],
    )
    status: JobStatus = Field(
        description="`queued` also while the job waits for another attempt.", examples=["running"]
    )
    attempt: int = Field(description="How many attempts have started.", ge=0, examples=[1])
    progress: Progress = Field(description="How far the job is.")
    message: str | None = Field(description="What the job does at present, for people.", examples=[None])
    result: dict[str, Any] | None = Field(
        description=(
            "What the job produced, by its kind; null until it has succeeded. `csv_import`: the numbers of `rows`, "
            "`imported` and `rejected` ones. `report`, `export` and `impact_analysis`: `file_id`."
        ),
        examples=[None],
    )
    problem: JobProblem | None = Field(
        description="Why the last attempt failed; null if none has. A job that succeeds later keeps it.",
        examples=[None],
    )
    created_at: datetime = Field(description="When the job was requested.", examples=["2026-11-23T12:00:00Z"])
    started_at: datetime | None = Field(
        description="When the first attempt started.", examples=["2026-11-23T12:00:01Z"]
    )
    finished_at: datetime | None = Field(
        description="When the job ended; null until then.", examples=["2026-11-23T12:00:09Z"]
    )
    cancel_requested_at: datetime | None = Field(
        description="When the job was cancelled. A running one stops within a second.", examples=[None]
    )


class RowProblem(BaseModel):
    """Why a row of a file was left out."""

    model_config = ConfigDict(extra="forbid")

    line: int = Field(description="The line on which the row ends; the first one is 1.", ge=1, examples=[3])
    pointer: str = Field(
        description="JSON pointer (RFC 6901) to the column; empty for the whole row.", examples=["/title"]
    )
    code: str = Field(description="A stable code for programs.", examples=["missing"])
    detail: str = Field(description="A description for people.", examples=["A post needs a title."])
