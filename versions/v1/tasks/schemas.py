"""Schemas of background tasks in v1, in the vocabulary of Celery."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from versions.kit.values import Email, IntegerInBody, text

TaskId = Annotated[
    str,
    StringConstraints(pattern="^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"),
    AfterValidator(UUID),
]


TaskState = Literal["PENDING", "STARTED", "PROGRESS", "SUCCESS", "FAILURE", "REVOKED"]
"""The state of a task. ``PROGRESS``: it runs, and says how far it is."""


class EmailTask(BaseModel):
    """A mail to send."""

    to: Email | None = Field(
        default=None,
        description="The recipient; null: your own address. Another one needs `mail:send`.",
        examples=[None],
    )
    subject: Annotated[
        str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$")
    ] = Field(description="One line of plain text.", examples=["Your report is ready"])
    body: Annotated[str, text(min_length=1, max_length=10_000)] = Field(
        description="In plain text.", examples=["It has 12 pages."]
    )


class CsvTask(BaseModel):
    """A file with comma-separated values."""

    file_id: IntegerInBody = Field(description="A file of yours. Its first row names the columns.", examples=[1])


class AcceptedTask(BaseModel):
    """A task that was accepted."""

    task_id: str = Field(description="The id of the task.", examples=["019727d5-b010-7ee2-ab83-4ba593d999ea"])
    status: TaskState = Field(description="The state of the task.", examples=["PENDING"])


class TaskInfo(AcceptedTask):
    """A task. It is kept for 30 days after its end."""

    result: dict[str, Any] | None = Field(
        description=(
            "What the task produced: the numbers of `rows`, `imported` and `rejected` ones, or `file_id` of a report. "
            "While its state is `PROGRESS`: `current` and `total`."
        ),
        examples=[None],
    )
    error: str | None = Field(description="Why the task failed.", examples=[None])


class TaskMessage(BaseModel):
    """The result of an operation."""

    message: str = Field(description="The result, described for people.", examples=["Task revoked"])
