"""Maps files from the core to v2."""

from app.files.commands import NewPresigned
from app.files.views import FileView, PendingFile, Visibility
from versions.kit.typeid import encode
from versions.v2.files import schemas
from versions.v2.files.rules import MAX_BYTES, TYPES
from versions.v2.ids import FILE, USER


def file(view: FileView) -> schemas.File:
    """Returns the v2 representation of a file."""
    return schemas.File.model_construct(
        id=encode(FILE, view.uid),
        v1_id=view.id,
        owner_id=encode(USER, view.owner_uid),
        name=view.name,
        content_type=view.content_type,
        size=view.size,
        sha256=view.sha256.hex(),
        visibility=view.visibility,
        created_at=view.created_at,
    )


def new_presigned(body: schemas.PresignedUploadCreate) -> NewPresigned:
    """Returns the command for a v2 body."""
    declared = body.content_type.partition(";")[0].strip().lower()
    return NewPresigned(body.filename, declared, Visibility(body.visibility), body.size, TYPES, MAX_BYTES)


def pending_file(view: PendingFile) -> schemas.PresignedUpload:
    """Returns the v2 representation of a file whose content is to come."""
    request = view.upload
    return schemas.PresignedUpload.model_construct(
        id=encode(FILE, view.uid),
        owner_id=encode(USER, view.owner_uid),
        name=view.name,
        content_type=view.content_type,
        visibility=view.visibility,
        state="uploading",
        created_at=view.created_at,
        upload=schemas.UploadRequest.model_construct(
            method="PUT", url=request.url, headers=dict(request.headers), expires_at=request.expires_at
        ),
    )
