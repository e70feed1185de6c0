"""Names and attributes of job spans (OpenTelemetry's messaging conventions)."""

from typing import Final

from observability.tracing.recording import Attributes

_SYSTEM: Final = "pgqueuer"


def sending(job: str) -> tuple[str, Attributes]:
    """Return name and attributes of the span that enqueues a job."""
    return f"send {job}", _attributes(job, "send")


def processing(job: str, attempt: int) -> tuple[str, Attributes]:
    """Return name and attributes of the span of one attempt at a job."""
    return f"process {job}", {**_attributes(job, "process"), "strata.job.attempt": attempt}


def _attributes(job: str, operation: str) -> Attributes:
    return {
        "messaging.system": _SYSTEM,
        "messaging.destination.name": job,
        "messaging.operation.name": operation,
        "messaging.operation.type": operation,
    }
