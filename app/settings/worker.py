"""Settings of the background worker."""

from pydantic import Field

from app.settings.group import Group, Seconds


class WorkerSettings(Group, name="worker"):
    """Concurrency, retries and metrics of the background worker."""

    metrics_port: int | None = Field(None, ge=0, le=65535, description="a port for /metrics; default: none")

    concurrency: int = Field(16, ge=2, description="jobs at once")
    max_attempts: int = Field(10, ge=1)
    first_delay: Seconds = Field(2.0, description="seconds before the first retry; doubles, with jitter")
    max_delay: Seconds = Field(600.0, description="seconds; the longest delay between two attempts")
    heartbeat: Seconds = Field(
        10.0, description="seconds without a heartbeat of its worker after which a job goes to another"
    )
    shutdown_timeout: Seconds = Field(
        10.0, description="seconds that running jobs have at a shutdown; then they return to the queue"
    )
