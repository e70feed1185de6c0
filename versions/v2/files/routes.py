"""Files in v2."""

from typing import Annotated, Final

from fastapi import Query, Request, Response

from app.files.views import FileView
from app.http.conditional import record_revision
from app.http.deps.files import FileReaderDep, FileServiceDep, ObjectStoreDep, UploadReceiverDep
from app.http.downloads.redirect import download_or_redirect
from app.http.downloads.response import ContentResponse, Disposition
from app.http.idempotency.keys import record_replay
from app.http.transfers import Transfer
from app.http.uploads.receiving import UploadRules
from versions.kit.application import Resource
from versions.kit.files import RANGE, content_of_file, form_with_files
from versions.kit.needs import DELETE_FILES, READ_FILES, WRITE_FILES
from versions.kit.openapi import IDEMPOTENT_REPLAYED, header
from versions.kit.operations import OPTIONAL, SIGNED_IN, Success
from versions.v2.errors import operations
from versions.v2.files import mapping, schemas
from versions.v2.files.paths import FILE_LINKS, REVISION, FileIdPath
from versions.v2.files.presigned import completions, presigned
from versions.v2.files.rules import MAX_BYTES, TYPES
from versions.v2.ids import known
from versions.v2.paging import DEFAULT_LIMIT, LINK, Cursor, Limit, Page, page, position
from versions.v2.routing import WRITE, UploadRoute, router
from versions.v2.tags import READ, TAG

_ENVELOPE_BYTES: Final = 64 * 1024
_RULES: Final = UploadRules("file", TYPES, MAX_BYTES, fields=frozenset({"visibility"}))
_VISIBILITY: Final = {
    "type": "string",
    "enum": ["private", "signed_in", "public"],
    "default": "private",
    "examples": ["private"],
    "description": "Who may read the file: you, users with the link, or all with the link.",
}
_BODY: Final = form_with_files(
    "file", "The file, with its name, and its media type or none.", fields={"visibility": _VISIBILITY}
)
FilePage = Page[schemas.File]
Redirect = Annotated[
    bool | None,
    Query(
        description="`true` redirects to the bucket, from which the content always is an attachment.",
        examples=[False],
    ),
]
_ELSEWHERE: Final = {
    "description": "The content is at a URL of the bucket.",
    "headers": {"Location": header("The URL, which is a secret.", required=True)},
}
_CREATED: Final[Success] = {
    201: {"headers": {"Location": header("The URL of the file.", required=True), "ETag": TAG, **IDEMPOTENT_REPLAYED}}
}

files = router("/files", "files")
uploads = router("/files", "files", UploadRoute)
RESOURCE: Final = Resource(
    tags=(
        {
            "name": "files",
            "description": (
                "JPEG, PNG, PDF, DOCX, XLSX and CSV files. Name, declared type and content must agree; archives with "
                "macros or of a suspicious size are refused. A file never changes, and takes its size of the storage "
                "that your plan allows."
            ),
        },
    ),
    routers=(presigned, completions, files, uploads),
)


@uploads.post(
    "",
    status_code=201,
    dependencies=WRITE,
    **operations.declare(
        "files.create",
        security=SIGNED_IN,
        needs=WRITE_FILES,
        fails=[404, 409],
        success=_CREATED,
        links={201: FILE_LINKS},
        transfer=Transfer(MAX_BYTES + _ENVELOPE_BYTES),
        body=_BODY,
    ),
)
async def upload_file(request: Request, response: Response, receiver: UploadReceiverDep) -> schemas.File:
    """Upload a file as a form. It is stored while it arrives; if anything fails, nothing of it is left.

    A retry with the same `Idempotency-Key` must send the same name, visibility and content, else the response is 422
    `idempotency_key_reused`.
    """
    received = await receiver.receive(_RULES)
    (view,) = received.files
    record_replay(response, replayed=received.replayed)
    shaped = _shown(request, view)
    response.headers["Location"] = f"{request.scope['root_path']}/files/{shaped.id}"
    return shaped


@files.get("", **operations.declare("files.list", security=SIGNED_IN, needs=READ_FILES, success=LINK))
async def list_files(
    request: Request, response: Response, reader: FileReaderDep, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> FilePage:
    """List your files, newest first."""
    found = await reader.page(position(request, cursor), limit)
    return page(FilePage, request, response, found, mapping.file)


@files.get(
    "/{file_id}",
    **operations.declare(
        "files.get", security=OPTIONAL, needs=READ_FILES, fails=[404], success=READ, links={200: FILE_LINKS}
    ),
)
async def get_file(request: Request, file_id: FileIdPath, reader: FileReaderDep) -> schemas.File:
    """Get what is known about a file of yours, or one that is shared with you, also by a post that has it."""
    return _shown(request, await reader.get(known(file_id)))


@files.get(
    "/{file_id}/content",
    response_class=ContentResponse,
    dependencies=RANGE,
    status_code=200,
    **operations.declare(
        "files.get_content",
        security=OPTIONAL,
        needs=READ_FILES,
        fails=[404, 412, 416, 501],
        success={**content_of_file(), 307: _ELSEWHERE},
        transfer=Transfer(),
    ),
)
async def get_content(
    request: Request,
    file_id: FileIdPath,
    reader: FileReaderDep,
    store: ObjectStoreDep,
    disposition: Annotated[
        Disposition, Query(description="`inline` lets a browser show a JPEG or PNG.", examples=["attachment"])
    ] = "attachment",
    redirect: Redirect = None,
) -> Response:
    """Download the content of a file, or a part of it.

    Other types than images are always attachments. Ranges that do not touch each other are answered with the whole.

    With `redirect=true` the response is 307 to a URL of the bucket, which is valid for a minute: whoever has it can
    read the file, so send it no credentials. A file that the bucket cannot send safely has the usual response. A server
    that stores files in a folder responds with 501 `presigned_unavailable`.
    """
    file = await reader.get(known(file_id))
    return await download_or_redirect(request, store, file, disposition, redirect=bool(redirect))


@files.delete(
    "/{file_id}",
    status_code=204,
    dependencies=WRITE,
    **operations.declare("files.delete", security=SIGNED_IN, needs=DELETE_FILES, fails=[404, 409]),
)
async def delete_file(file_id: FileIdPath, service: FileServiceDep) -> None:
    """Delete a file of yours. Posts that have it lose it, and its content follows within seconds."""
    await service.delete(known(file_id))


def _shown(request: Request, view: FileView) -> schemas.File:
    record_revision(request, view.uid, REVISION)
    return mapping.file(view)
