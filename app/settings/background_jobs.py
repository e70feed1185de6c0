"""Settings of background jobs."""

from pydantic import Field

from app.settings.group import Group


class JobSettings(Group, name="jobs"):
    """How long jobs, and what belongs to them, are kept."""

    retention_days: int = Field(30, ge=1, description="days after its end until a job is deleted")
    problem_retention_days: int = Field(
        30,
        ge=1,
        description="days after its end until the row problems of a job are deleted; at the latest with it",
    )
    queue_log_retention_days: int = Field(7, ge=1, description="days until the log of the queue is deleted")
