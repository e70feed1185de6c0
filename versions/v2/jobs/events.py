"""Events of jobs in v2."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from app.events.stored import StoredEvent
from versions.kit.events import EventType
from versions.kit.typeid import encode
from versions.v2.ids import JOB


class JobData(BaseModel):
    """A job."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(description="The id of the job.", examples=["job_01jwxq7c8gfq8sh1tbp9xqk3ma"])
    type: str = Field(description="The kind of the job.", examples=["email"])


class JobCreatedData(JobData):
    """A job was requested."""


class JobCancelRequestedData(JobData):
    """A job was cancelled. One that runs may still succeed or fail before it stops."""


def _job(event: StoredEvent) -> Mapping[str, Any]:
    return {"id": encode(JOB, event.subject_uid), "type": event.payload["kind"]}


EVENTS: Final = (
    EventType("job.created", JobCreatedData, _job),
    EventType("job.cancel_requested", JobCancelRequestedData, _job),
)
