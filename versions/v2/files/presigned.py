"""Uploads of v2 whose bytes go to the bucket itself."""

from typing import Final

from fastapi import Request, Response

from app.http.caching import Caching
from app.http.conditional import record_revision
from app.http.deps.files import PresignedUploadsDep, UploadCompletionDep
from app.http.transfers import Transfer
from versions.kit.links import Links, link_to
from versions.kit.needs import WRITE_FILES
from versions.kit.openapi import IDEMPOTENT_REPLAYED, header
from versions.kit.operations import SIGNED_IN, Success
from versions.v2.errors import operations
from versions.v2.files import mapping, schemas
from versions.v2.files.paths import FILE_LINKS, REVISION, FileIdPath
from versions.v2.files.rules import MAX_BYTES
from versions.v2.ids import known
from versions.v2.routing import WRITE, LongWriteRoute, router
from versions.v2.tags import TAG

_BODY_BYTES: Final = 64 * 1024
_BEGUN: Final[Success] = {
    201: {
        "headers": {
            "Location": header("The URL of the file once the upload is completed.", required=True),
            **IDEMPOTENT_REPLAYED,
        }
    }
}
_COMPLETED: Final[Success] = {200: {"headers": {"ETag": TAG}}}
_COMPLETION: Final[Links] = link_to("files.complete", file_id="$response.body#/id")

presigned = router("/files", "files")
completions = router("/files", "files", LongWriteRoute)


@presigned.post(
    "/presigned",
    status_code=201,
    dependencies=WRITE,
    **operations.declare(
        "files.presign",
        security=SIGNED_IN,
        needs=WRITE_FILES,
        fails=[409, 501],
        success=_BEGUN,
        links={201: _COMPLETION},
        caching=Caching.NEVER,
    ),
)
async def begin_presigned_upload(
    request: Request, response: Response, body: schemas.PresignedUploadCreate, uploads: PresignedUploadsDep
) -> schemas.PresignedUpload:
    """Begin an upload whose bytes go to the bucket itself, and not through this API.

    Send the content in the request that `upload` describes, then `POST /files/{file_id}/complete`: the file exists
    only then. You can have 10 uploads that are not completed, else the response is 409 `too_many_pending_uploads`; each
    ends after two hours. A server that stores files in a folder responds with 501 `presigned_unavailable`.
    """
    shaped = mapping.pending_file(await uploads.begin(mapping.new_presigned(body)))
    response.headers["Location"] = f"{request.scope['root_path']}/files/{shaped.id}"
    return shaped


@completions.post(
    "/{file_id}/complete",
    dependencies=WRITE,
    **operations.declare(
        "files.complete",
        security=SIGNED_IN,
        needs=WRITE_FILES,
        fails=[404, 409, 501],
        success=_COMPLETED,
        links={200: FILE_LINKS},
        transfer=Transfer(_BODY_BYTES),
    ),
)
async def complete_presigned_upload(
    request: Request, file_id: FileIdPath, completion: UploadCompletionDep
) -> schemas.File:
    """Check the content that was sent to the URL of an upload, and make the file ready.

    The content has the rules of `POST /files`. If it violates one, the file and the content are gone. Before the
    content is there, the response is 409 `content_not_uploaded`. A file that is ready is returned again. Large files
    take minutes.
    """
    view = await completion.complete(known(file_id), MAX_BYTES)
    record_revision(request, view.uid, REVISION)
    return mapping.file(view)
