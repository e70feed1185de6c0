"""Events of jobs that users request."""

from dataclasses import dataclass
from typing import ClassVar

from app.events.recorder import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCreated(Event):
    """A user requested the job."""

    type: ClassVar[str] = "job.created"
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCancelRequested(Event):
    """A user cancelled the job. A running one may still succeed or fail before it stops."""

    type: ClassVar[str] = "job.cancel_requested"
    kind: str
