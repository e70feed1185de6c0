"""Background jobs in v2."""

from typing import Annotated, Final

from fastapi import Path, Query, Request, Response

from app.http.caching import Caching
from app.http.conditional import record_revision
from app.http.deps.jobs import JobReaderDep, JobServiceDep
from app.http.live.job_stream import job_stream
from app.http.live.places import place_of
from app.http.live.streams import EventStreamResponse
from app.http.runtime import runtime_of
from app.jobs.views import JobStatus, JobView
from versions.kit.application import Resource
from versions.kit.links import Links, link_to
from versions.kit.needs import READ_JOBS, WRITE_JOBS
from versions.kit.openapi import IDEMPOTENT_REPLAYED, header
from versions.kit.operations import SIGNED_IN, STREAM, Success
from versions.kit.retry_later import RETRY_AFTER, ask_again
from versions.kit.streams import LastEventId, event_stream
from versions.v2.errors import operations
from versions.v2.ids import JobId, known
from versions.v2.jobs import mapping, schemas
from versions.v2.jobs.channels import CHANNELS, REVISION
from versions.v2.paging import DEFAULT_LIMIT, LINK, Cursor, Limit, Page, page, position
from versions.v2.routing import WRITE, router
from versions.v2.streams.cookies import renewed
from versions.v2.tags import READ, TAG

JobIdPath = Annotated[JobId, Path(description="The id of the job.")]
JobPage = Page[schemas.Job]
RowProblemPage = Page[schemas.RowProblem]
_READ: Final[Success] = {**READ, 200: {"headers": {"ETag": TAG, **RETRY_AFTER}}}
_ACCEPTED: Final[Success] = {
    202: {
        "headers": {
            "Location": header("The URL of the job.", required=True),
            "ETag": TAG,
            **RETRY_AFTER,
            **IDEMPOTENT_REPLAYED,
        }
    }
}
_STREAM: Final[Success] = {
    **event_stream("A state of the job.", REVISION),
    204: {"description": "The job has ended, and you have its last state."},
}
_CANCELLED: Final[Success] = {202: {"headers": {"ETag": TAG, **RETRY_AFTER, **IDEMPOTENT_REPLAYED}}}
_JOB: Final[Links] = link_to(
    "jobs.get", "jobs.stream", "jobs.list_problems", "jobs.cancel", job_id="$response.body#/id"
)

jobs = router("/jobs", "jobs")
RESOURCE: Final = Resource(
    tags=(
        {
            "name": "jobs",
            "description": (
                "Work that continues after the response. A worker that ends takes no job with it: another one "
                "continues within 30 seconds. Effects happen once, except that a mail may be sent twice with the "
                "same `Message-ID`. A failed attempt is repeated up to 10 times, after 2 seconds, then twice as long "
                "each time, at most 10 minutes. A job whose attempts end their worker fails with `job_crashed`. Jobs "
                "are deleted 30 days after their end."
            ),
        },
    ),
    routers=(jobs,),
    channels=CHANNELS,
)


@jobs.post(
    "",
    status_code=202,
    dependencies=WRITE,
    **operations.declare(
        "jobs.create",
        security=SIGNED_IN,
        needs=WRITE_JOBS,
        fails=[404, 409],
        success=_ACCEPTED,
        links={202: _JOB},
    ),
)
async def create_job(
    request: Request, response: Response, body: schemas.JobCreate, service: JobServiceDep
) -> schemas.Job:
    """Request a job.

    `email` sends a mail to your own verified address. Another recipient needs `mail:send`, else the response is 403
    `recipient_not_allowed`.

    `csv_import` creates a post of yours for each row of a file of yours, and needs `posts:write`. The columns are
    `title`, and optionally `content` and `status` (`draft` or `published`). A file that is no CSV creates no post; a
    row that is wrong is left out, and `GET /jobs/{job_id}/problems` says why.

    `report` writes a PDF about your posts of a period, with their number per day and those with the most views. It
    needs `posts:read`.

    The plan limits the number of your jobs that have not ended: one too many is 409 `too_many_jobs`.
    """
    view = await service.create(mapping.new_job(body))
    shaped = _shown(request, response, view)
    response.headers["Location"] = f"{request.scope['root_path']}/jobs/{shaped.id}"
    return shaped


@jobs.get("", **operations.declare("jobs.list", security=SIGNED_IN, needs=READ_JOBS, success=LINK))
async def list_jobs(
    request: Request,
    response: Response,
    reader: JobReaderDep,
    status: Annotated[JobStatus | None, Query(description="Jobs with this status.")] = None,
    type: Annotated[
        str | None,
        Query(max_length=60, pattern="^[a-z_]+$", description="Jobs of this kind.", examples=["email"]),
    ] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> JobPage:
    """List the jobs that you requested, newest first."""
    found = await reader.page(mapping.wanted(status, type), position(request, cursor), limit)
    return page(JobPage, request, response, found, mapping.job)


@jobs.get(
    "/{job_id}",
    **operations.declare(
        "jobs.get", security=SIGNED_IN, needs=READ_JOBS, fails=[404], success=_READ, links={200: _JOB}
    ),
)
async def get_job(request: Request, response: Response, job_id: JobIdPath, reader: JobReaderDep) -> schemas.Job:
    """Get a job that you requested. While it has not ended, `Retry-After` says when to ask again."""
    return _shown(request, response, await reader.get(known(job_id)))


@jobs.get(
    "/{job_id}/events",
    response_class=EventStreamResponse,
    status_code=200,
    **operations.declare(
        "jobs.stream",
        security=STREAM,
        needs=READ_JOBS,
        fails=[404],
        caching=Caching.NEVER,
        success=_STREAM,
    ),
)
async def stream_job(
    request: Request, job_id: JobIdPath, reader: JobReaderDep, last_event_id: LastEventId = None
) -> Response:
    """Stream the states of a job that you requested, until it ends.

    `progress` is a new state of a job that has not ended, `finished` the last one; `data` is the same JSON as in
    `GET /jobs/{job_id}`, and `id` the revision. Each message has the whole state, so a client that was away or slow has
    missed only states in between. `bye` precedes the end of the stream, which lasts one hour at most. If you connect
    again and have the last state, the response is 204, with which an `EventSource` stops. A comment is sent every 15
    seconds.
    """
    job = await reader.get(known(job_id))
    place = await place_of(request, "v2")
    stream = job_stream(runtime_of(request.scope), place, job, mapping.encode_job, last_event_id)
    return renewed(request, stream, place.principal)


@jobs.get(
    "/{job_id}/problems",
    **operations.declare("jobs.list_problems", security=SIGNED_IN, needs=READ_JOBS, fails=[404], success=LINK),
)
async def list_problems(
    request: Request,
    response: Response,
    job_id: JobIdPath,
    reader: JobReaderDep,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> RowProblemPage:
    """List the rows that a `csv_import` left out, in the order of the file.

    They appear while the job runs. The first 10,000 are kept, for 30 days after its end; `result` counts all of them.
    """
    found = await reader.problems(known(job_id), position(request, cursor), limit)
    return page(RowProblemPage, request, response, found, mapping.row_problem)


@jobs.delete(
    "/{job_id}",
    status_code=202,
    dependencies=WRITE,
    **operations.declare(
        "jobs.cancel", security=SIGNED_IN, needs=WRITE_JOBS, fails=[404, 409], success=_CANCELLED, links={202: _JOB}
    ),
)
async def cancel_job(request: Request, response: Response, job_id: JobIdPath, service: JobServiceDep) -> schemas.Job:
    """Cancel a job. One that waits is `cancelled` at once; one that runs stops within a second.

    What a running job has stored stays. A job that has succeeded or failed gives 409 `job_finished`.
    """
    return _shown(request, response, await service.cancel(known(job_id)))


def _shown(request: Request, response: Response, view: JobView) -> schemas.Job:
    ask_again(response, view)
    record_revision(request, view.uid, view.revision)
    return mapping.job(view)
