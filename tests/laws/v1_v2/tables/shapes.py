"""All shapes: the objects whose fields both versions have."""

from typing import Final

from tests.laws.v1_v2.tables.fields import (
    ACCOUNT,
    ME,
    NEW_ACCOUNT,
    NEW_ID,
    NEW_IMPORT,
    NEW_MAIL,
    NEW_POST,
    NEW_TRANSFER,
    NEW_WEBHOOK,
    PAGE,
    POST,
    POST_EDIT,
    REGISTRATION,
    TASK,
    TOKENS,
    USER,
    USER_EDIT,
    VERIFICATION,
    WEBHOOK,
    Field,
    Shape,
)

FILE: Final = Shape(
    "FileResponse",
    "File",
    (
        Field("id", "v1_id"),
        Field("filename", "name"),
        Field("content_type", "content_type"),
        Field("size", "size"),
    ),
    only_old={
        "url": "the path of the download, which v2 documents",
        "storage_type": "v2 does not show where objects are",
    },
    only_new={
        "id": NEW_ID,
        "owner_id": "v1 shows the files of the caller only",
        "sha256": "v1 shows no digest",
        "visibility": "v1 uploads private files only, and reads those that are shared",
        "created_at": "v1 shows no times of files",
    },
)
SHAPES: Final = (
    POST,
    USER,
    ME,
    TOKENS,
    NEW_POST,
    POST_EDIT,
    USER_EDIT,
    REGISTRATION,
    VERIFICATION,
    PAGE,
    ACCOUNT,
    NEW_ACCOUNT,
    NEW_TRANSFER,
    TASK,
    NEW_MAIL,
    NEW_IMPORT,
    FILE,
    WEBHOOK,
    NEW_WEBHOOK,
)
