"""Maps files from the core to v1."""

from app.files.views import FileView
from versions.v1.files import schemas


def file(view: FileView, prefix: str, storage: str) -> schemas.FileResponse:
    """Returns the v1 representation of a file. ``prefix`` is the path of this version."""
    return schemas.FileResponse.model_construct(
        id=view.id,
        filename=view.name,
        content_type=view.content_type,
        size=view.size,
        url=f"{prefix}/files/{view.id}",
        storage_type=storage,
    )


def deleted() -> schemas.FileMessage:
    """Returns the response to a deletion."""
    return schemas.FileMessage(message="File deleted successfully")
