"""Settings of background jobs."""

from pydantic import Field

from app.settings.group import Group


class JobSettings(Group, name="jobs"):
    """How long jobs are kept."""

    retention_days: int = Field(30, ge=1, description="days after its end until a job is deleted")
    queue_log_retention_days: int = Field(7, ge=1, description="days until the log of the queue is deleted")
