"""Events of files in v1."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, Field

from app.events.stored import StoredEvent
from versions.kit.events import EventType


class FileDeletedData(BaseModel):
    """A user deleted a file."""

    id: int = Field(description="The sequential id of the file.", examples=[1])


class FileUploadedData(FileDeletedData):
    """A user uploaded a file."""

    filename: str = Field(description="The name of the file.", examples=["layers.pdf"])
    content_type: str = Field(description="The media type.", examples=["application/pdf"])
    size: int = Field(description="The size in bytes.", examples=[48211])


def _deleted(event: StoredEvent) -> Mapping[str, Any]:
    return {"id": event.subject_id}


def _uploaded(event: StoredEvent) -> Mapping[str, Any]:
    payload = event.payload
    described = {name: payload[name] for name in ("content_type", "size")}
    return {**_deleted(event), "filename": payload["name"], **described}


EVENTS: Final = (
    EventType("file.uploaded", FileUploadedData, _uploaded),
    EventType("file.deleted", FileDeletedData, _deleted),
)
