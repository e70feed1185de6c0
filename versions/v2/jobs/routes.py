"""Background jobs in v2."""

from typing import Annotated, Final

from fastapi import Path, Query, Request, Response

from app.http.conditional import record_revision
from app.http.deps.jobs import JobReaderDep, JobServiceDep
from app.jobs.views import JobStatus, JobView
from versions.kit.application import Resource
from versions.kit.links import Links, link_to
from versions.kit.needs import READ_JOBS, WRITE_JOBS
from versions.kit.openapi import IDEMPOTENT_REPLAYED, header
from versions.kit.operations import SIGNED_IN, Success
from versions.kit.retry_later import RETRY_AFTER, ask_again
from versions.v2.errors import operations
from versions.v2.ids import JobId, known
from versions.v2.jobs import mapping, schemas
from versions.v2.paging import DEFAULT_LIMIT, LINK, Cursor, Limit, Page, page, position
from versions.v2.routing import WRITE, router

JobIdPath = Annotated[JobId, Path(description="The id of the job.")]
JobPage = Page[schemas.Job]
_TAG: Final = header("The revision of the job and a digest of this response.", required=True)
_READ: Final[Success] = {
    200: {"headers": {"ETag": _TAG, **RETRY_AFTER}},
    304: {"description": "Not modified"},
}
_ACCEPTED: Final[Success] = {
    202: {
        "headers": {
            "Location": header("The URL of the job.", required=True),
            "ETag": _TAG,
            **RETRY_AFTER,
            **IDEMPOTENT_REPLAYED,
        }
    }
}
_CANCELLED: Final[Success] = {202: {"headers": {"ETag": _TAG, **RETRY_AFTER, **IDEMPOTENT_REPLAYED}}}
_JOB: Final[Links] = link_to("jobs.get", "jobs.cancel", job_id="$response.body#/id")

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
)


@jobs.post(
    "",
    status_code=202,
    dependencies=WRITE,
    **operations.declare(
        "jobs.create", security=SIGNED_IN, needs=WRITE_JOBS, fails=[409], success=_ACCEPTED, links={202: _JOB}
    ),
)
async def create_job(
    request: Request, response: Response, body: schemas.JobCreate, service: JobServiceDep
) -> schemas.Job:
    """Request a job.

    `email` sends a mail to your own verified address. Another recipient needs `mail:send`, else the response is 403
    `recipient_not_allowed`.
    """
    view = await service.send_email(mapping.email(body))
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
