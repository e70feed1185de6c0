"""Names and attributes of job spans (OpenTelemetry's messaging conventions)."""

from typing import Final

from observability.tracing.recording import Attributes

QUEUE: Final = "pgqueuer"


def sending(job: str) -> tuple[str, Attributes]:
    """Return name and attributes of the span that enqueues a job."""
    return f"send {job}", _attributes(job, "send", QUEUE)


def processing(job: str, attempt: int, system: str = QUEUE) -> tuple[str, Attributes]:
    """Return name and attributes of the span of one attempt at a job. ``system`` carries it."""
    return f"process {job}", {**_attributes(job, "process", system), "strata.job.attempt": attempt}


def _attributes(job: str, operation: str, system: str) -> Attributes:
    return {
        "messaging.system": system,
        "messaging.destination.name": job,
        "messaging.operation.name": operation,
        "messaging.operation.type": operation,
    }
