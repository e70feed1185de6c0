"""Exports in v1."""

from typing import Any, Final

from fastapi import Request, Response

from app.exports.commands import Columns, ExportFormat
from app.http.caching import Caching
from app.http.deps.exports import ExportReaderDep
from app.http.exports.response import ExportResponse
from versions.kit.application import Resource
from versions.kit.exports import COST, CUT, FORMULAS, TRANSFER, export
from versions.kit.needs import READ_POSTS, READ_USERS, Needs
from versions.kit.operations import SIGNED_IN
from versions.v1.errors import operations
from versions.v1.exports import mapping
from versions.v1.routing import router

_VARY: Final = "Accept-Encoding"
_DATASET: Final = {
    "type": "object",
    "properties": {
        "items": {
            "type": "array",
            "items": {"$ref": "#/components/schemas/PostResponse"},
            "description": "All posts that the caller may see.",
        },
        "total": {"type": "integer", "minimum": 0, "description": "The number of items.", "examples": [1]},
    },
    "required": ["items", "total"],
}

exports = router("/export", "exports")
dataset = router("/large-dataset", "exports")
RESOURCE: Final = Resource(
    tags=({"name": "exports", "description": f"Whole tables, streamed. {FORMULAS} {CUT}"},),
    routers=(exports, dataset),
)


def _declared(operation_id: str, needs: Needs, form: ExportFormat, columns: Columns) -> dict[str, Any]:
    return operations.declare(
        operation_id,
        security=SIGNED_IN,
        needs=needs,
        fails=[406],
        caching=Caching.NEVER,
        cost=COST,
        transfer=TRANSFER,
        success=export([form], columns, _DATASET),
    )


@exports.get(
    "/users.csv",
    response_class=ExportResponse,
    status_code=200,
    **_declared("exports.users", READ_USERS, ExportFormat.CSV, mapping.USERS),
)
async def export_users(request: Request, reader: ExportReaderDep) -> Response:
    """Export all users as CSV, oldest first. Admins only."""
    return ExportResponse(request, reader.users(mapping.USERS, mapping.CSV), vary=_VARY)


@exports.get(
    "/posts.csv",
    response_class=ExportResponse,
    status_code=200,
    **_declared("exports.posts", READ_POSTS, ExportFormat.CSV, mapping.POSTS),
)
async def export_posts(request: Request, reader: ExportReaderDep) -> Response:
    """Export the posts that the caller may see as CSV, oldest first."""
    return ExportResponse(request, reader.posts(mapping.POSTS, mapping.CSV), vary=_VARY)


@dataset.get(
    "",
    response_class=ExportResponse,
    status_code=200,
    **_declared("exports.dataset", READ_POSTS, ExportFormat.JSON, mapping.POSTS),
)
async def large_dataset(request: Request, reader: ExportReaderDep) -> Response:
    """Stream the posts that the caller may see, oldest first, as one JSON document."""
    return ExportResponse(request, reader.posts(mapping.POSTS, mapping.DATASET), vary=_VARY)
