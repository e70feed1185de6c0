"""Exports in v2."""

from typing import Annotated, Any, Final

from fastapi import Query, Request, Response

from app.exports.commands import Columns, ExportFormat
from app.http.caching import Caching
from app.http.deps.exports import ExportReaderDep
from app.http.exports.negotiation import negotiated_form
from app.http.exports.response import ExportResponse
from versions.kit.application import Resource
from versions.kit.exports import COST, CUT, FORMULAS, TRANSFER, export
from versions.kit.needs import READ_POSTS, READ_USERS, Needs
from versions.kit.operations import SIGNED_IN
from versions.v2.errors import operations
from versions.v2.exports import mapping
from versions.v2.routing import router

Format = Annotated[
    ExportFormat | None,
    Query(description="The format, instead of the one that `Accept` prefers.", examples=["ndjson"]),
]
Trailer = Annotated[
    bool | None,
    Query(
        description=(
            'End NDJSON with the line `{"_end":{"rows":n}}`, without which the export is incomplete: for clients '
            "behind proxies that hide how a connection ends."
        ),
        examples=[True],
    ),
]

exports = router("/exports", "exports")
RESOURCE: Final = Resource(
    tags=(
        {
            "name": "exports",
            "description": (
                "Whole tables as CSV, NDJSON (one JSON object on each line) or JSON, streamed. The values are those of "
                f"the API. {FORMULAS} {CUT} For an export in the background, request a job."
            ),
        },
    ),
    routers=(exports,),
)


def _declared(operation_id: str, needs: Needs, columns: Columns, schema: str) -> dict[str, Any]:
    items = {"type": "array", "items": {"$ref": f"#/components/schemas/{schema}"}, "description": "All rows."}
    document = {"type": "object", "properties": {"data": items}, "required": ["data"], "additionalProperties": False}
    return operations.declare(
        operation_id,
        security=SIGNED_IN,
        needs=needs,
        fails=[406],
        caching=Caching.NEVER,
        cost=COST,
        transfer=TRANSFER,
        success=export(list(ExportFormat), columns, document),
    )


@exports.get(
    "/posts",
    response_class=ExportResponse,
    status_code=200,
    **_declared("exports.posts", READ_POSTS, mapping.POSTS, "Post"),
)
async def export_posts(
    request: Request, reader: ExportReaderDep, format: Format = None, trailer: Trailer = None
) -> Response:
    """Export the posts that the caller may see, oldest first: CSV unless `Accept` or `format` asks for another.

    In CSV, `attachments` are ids, separated by spaces.
    """
    form = negotiated_form(request, format, trailer=trailer)
    return ExportResponse(request, reader.posts(mapping.POSTS, form))


@exports.get(
    "/users",
    response_class=ExportResponse,
    status_code=200,
    **_declared("exports.users", READ_USERS, mapping.USERS, "User"),
)
async def export_users(
    request: Request, reader: ExportReaderDep, format: Format = None, trailer: Trailer = None
) -> Response:
    """Export all users, oldest first. Needs `users:read`. In CSV, `roles` are separated by spaces."""
    form = negotiated_form(request, format, trailer=trailer)
    return ExportResponse(request, reader.users(mapping.USERS, form))
