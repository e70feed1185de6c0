"""Files in v1."""

from typing import Annotated, Final

from fastapi import Query, Request, Response

from app.files.types import DOCUMENTS
from app.http.deps.files import FileReaderDep, FileServiceDep, ObjectStoreDep, UploadReceiverDep
from app.http.downloads.response import ContentResponse, download
from app.http.transfers import Transfer
from app.http.uploads.receiving import UploadRules
from app.kit.storage.store import StorageType
from versions.kit.application import Resource
from versions.kit.files import RANGE, content_of_file, form_with_files
from versions.kit.links import Links, link_to
from versions.kit.needs import DELETE_FILES, READ_FILES, WRITE_FILES
from versions.kit.operations import OPTIONAL, SIGNED_IN
from versions.v1.errors import operations
from versions.v1.files import mapping, schemas
from versions.v1.routing import Id, UploadRoute, number, router

MAX_BYTES: Final = 10 * 1024**2
MAX_FILES: Final = 10
_ENVELOPE_BYTES: Final = 64 * 1024
_ONE: Final = UploadRules("file", DOCUMENTS, MAX_BYTES)
_SEVERAL: Final = UploadRules("files", DOCUMENTS, MAX_BYTES, MAX_FILES)
_TEXT: Final = "A .jpg, .jpeg, .png, .pdf, .docx or .xlsx file of at most 10 MB."
_FILE: Final[Links] = link_to("files.get", "files.delete", file_id="$response.body#/id")
StorageQuery = Annotated[
    StorageType | None,
    Query(description="Where to store it; a server has one of them. By default what it has.", examples=["local"]),
]

files = router("/files", "files")
uploads = router("/files", "files", UploadRoute)
RESOURCE: Final = Resource(
    tags=({"name": "files", "description": "Uploading and downloading."},), routers=(uploads, files)
)


@uploads.post(
    "/upload",
    **operations.declare(
        "files.upload",
        security=SIGNED_IN,
        needs=WRITE_FILES,
        fails=[404, 409],
        links={200: _FILE},
        transfer=Transfer(MAX_BYTES + _ENVELOPE_BYTES),
        body=form_with_files("file", _TEXT),
    ),
)
async def upload_file(
    request: Request, receiver: UploadReceiverDep, store: ObjectStoreDep, storage: StorageQuery = None
) -> schemas.FileResponse:
    """Upload a file."""
    store.ensure_type(storage)
    (view,) = (await receiver.receive(_ONE, keyed=False)).files
    return mapping.file(view, request.scope["root_path"], store.type)


@uploads.post(
    "/upload-multiple",
    **operations.declare(
        "files.upload_multiple",
        security=SIGNED_IN,
        needs=WRITE_FILES,
        fails=[404, 409],
        transfer=Transfer(MAX_FILES * MAX_BYTES + _ENVELOPE_BYTES),
        body=form_with_files("files", f"At most {MAX_FILES}. {_TEXT}", several=True),
    ),
)
async def upload_files(
    request: Request, receiver: UploadReceiverDep, store: ObjectStoreDep, storage: StorageQuery = None
) -> list[schemas.FileResponse]:
    """Upload up to ten files, all or none."""
    store.ensure_type(storage)
    received = await receiver.receive(_SEVERAL, keyed=False)
    return [mapping.file(view, request.scope["root_path"], store.type) for view in received.files]


@files.get(
    "/{file_id}",
    response_class=ContentResponse,
    dependencies=RANGE,
    status_code=200,
    **operations.declare(
        "files.get",
        security=OPTIONAL,
        needs=READ_FILES,
        fails=[404, 412, 416],
        success=content_of_file(),
        transfer=Transfer(),
    ),
)
async def get_file(request: Request, file_id: Id, reader: FileReaderDep, store: ObjectStoreDep) -> Response:
    """Download a file of yours, or one that is shared with you."""
    return download(request, store, await reader.get(number(file_id)))


@files.delete(
    "/{file_id}",
    **operations.declare("files.delete", security=SIGNED_IN, needs=DELETE_FILES, fails=[404]),
)
async def delete_file(file_id: Id, service: FileServiceDep) -> schemas.FileMessage:
    """Delete a file of yours."""
    await service.delete(number(file_id))
    return mapping.deleted()
