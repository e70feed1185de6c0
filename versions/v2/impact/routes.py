"""Impact analysis in v2."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import Query, Request, Response

from app.http.caching import Caching
from app.http.conditional import record_revision
from app.http.deps.impact import ImpactAnalysesDep
from app.http.transfers import Transfer
from app.jobs.views import JobView
from versions.kit.application import Resource
from versions.kit.links import Links, link_to
from versions.kit.needs import ANALYSE_IMPACT
from versions.kit.openapi import header
from versions.kit.operations import SIGNED_IN, Success
from versions.kit.retry_later import RETRY_AFTER, ask_again
from versions.kit.typeid import encode
from versions.kit.values import Day
from versions.v2.errors import operations
from versions.v2.ids import JOB
from versions.v2.impact import mapping, schemas
from versions.v2.jobs.mapping import encode_job
from versions.v2.jobs.schemas import Job
from versions.v2.routing import DocumentRoute, router
from versions.v2.tags import TAG

_MAX_BYTES: Final = 8 * 1024 * 1024
_COST: Final = 10
"""Units of the rate limit: a comparison takes a second of a processor."""
_BODY: Final = {
    "description": "The changed contract: an OpenAPI 3 document that refers to no other file.",
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "properties": {
                    "openapi": {
                        "type": "string",
                        "pattern": "^3[.]",
                        "description": "The version of OpenAPI.",
                        "examples": ["3.1.0"],
                    }
                },
                "required": ["openapi"],
                "additionalProperties": True,
            },
            "example": {
                "openapi": "3.1.0",
                "info": {"title": "Strata API v2", "version": "v2"},
                "servers": [{"url": "/api/v2"}],
                "paths": {},
            },
        }
    },
}
_JOB: Final[Links] = link_to("jobs.get", "jobs.stream", "jobs.cancel", job_id="$response.body#/id")
_ANALYSED: Final[Success] = {
    200: {"description": "Whom the change would break."},
    202: {
        "description": "A job analyses the change.",
        "model": Job,
        "headers": {"Location": header("The URL of the job.", required=True), "ETag": TAG, **RETRY_AFTER},
    },
}
Since = Annotated[
    Day | None,
    Query(description="The first day of the evidence, in UTC; default: 30 days ago.", examples=["2026-11-01"]),
]
Version = Annotated[
    str | None,
    Query(
        pattern="^v[1-9][0-9]*$",
        max_length=10,
        description="The version whose contract changes; default: the version in a URL of the document's `servers`.",
        examples=["v2"],
    ),
]

impact = router("/admin/impact", "impact", DocumentRoute)
RESOURCE: Final = Resource(
    tags=(
        {
            "name": "impact",
            "description": (
                "Who would break: a changed contract, compared with the contract in force and with the evidence of "
                "what each consumer uses."
            ),
        },
    ),
    routers=(impact,),
)


@impact.post(
    "",
    response_model=schemas.ImpactReport,
    **operations.declare(
        "impact.analyse",
        security=SIGNED_IN,
        needs=ANALYSE_IMPACT,
        fails=[409],
        success=_ANALYSED,
        links={202: _JOB},
        caching=Caching.NEVER,
        cost=_COST,
        transfer=Transfer(_MAX_BYTES),
        body=_BODY,
    ),
)
async def analyse_impact(
    request: Request, analyses: ImpactAnalysesDep, since: Since = None, version: Version = None
) -> schemas.ImpactReport | Response:
    """Analyse which consumers a changed contract would break, and what to write to each user.

    Needs `impact:read`, `users:read`, `jobs:read` and `jobs:write`. The body is the whole changed document. It is
    compared with the contract in force of the version that a URL of its `servers` ends with, or that `version` names. A
    document that is not OpenAPI 3, refers to other files or is nested too deeply gets 422 `invalid_contract` with the
    line of the compatibility check.

    The response is 202 with a job of the kind `impact_analysis` if the document is larger than 4 MiB, if there are more
    than 200 consumers, if the analysis takes longer than 10 seconds, or while another one runs. The result of the job
    is a file of yours with the same JSON, whose `file_id` the job shows. The document is neither logged nor sampled;
    for a job it is stored until the job ends, at most two hours.
    """
    return _shown(request, await analyses.analyse(mapping.wanted(since, version), await request.body()))


def _shown(request: Request, found: Mapping[str, Any] | JobView) -> schemas.ImpactReport | Response:
    if not isinstance(found, JobView):
        return mapping.report(found)
    response = Response(encode_job(found), status_code=202, media_type="application/json")
    response.headers["Location"] = f"{request.scope['root_path']}/jobs/{encode(JOB, found.uid)}"
    ask_again(response, found)
    record_revision(request, found.uid, found.revision)
    return response
