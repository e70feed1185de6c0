"""Schemas of jobs in v2."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.jobs.views import JobStatus
from versions.kit.values import Email, text

Subject = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"),
    Field(description="One line of plain text.", examples=["Your report is ready"]),
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


class JobCreate(BaseModel):
    """A job to run."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["email"] = Field(description="The kind of the job.", examples=["email"])
    params: EmailParams = Field(description="What the job needs, by its kind.")


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
        description="What the job produced, by its kind; null until it has succeeded.", examples=[None]
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
