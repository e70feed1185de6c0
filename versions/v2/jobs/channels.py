"""The stream of a job, as the AsyncAPI document of v2 describes it."""

from typing import Final

from app.http.live.job_stream import FINISHED, PROGRESS
from versions.kit.channels import Channel, Message, Transport
from versions.kit.operations import STREAM
from versions.kit.streams import BYE
from versions.v2.jobs.schemas import Job

REVISION: Final = "The revision of the job, for `Last-Event-ID`."
CHANNELS: Final = (
    Channel(
        name="job",
        address="/jobs/{job_id}/events",
        transport=Transport.SSE,
        description="The states of a job until it ends: `jobs.stream` in the OpenAPI document.",
        security=STREAM,
        parameters={"job_id": "The id of the job."},
        sends=(
            Message(PROGRESS, Job, "A new state of a job that has not ended.", identifier=REVISION),
            Message(FINISHED, Job, "The last state of a job.", identifier=REVISION),
            BYE,
        ),
    ),
)
