"""Events of files in v2."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from app.events.stored import StoredEvent
from versions.kit.events import EventType
from versions.kit.typeid import encode
from versions.v2.ids import FILE


class FileDeletedData(BaseModel):
    """A user deleted a file."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(description="The id of the file.", examples=["file_01jwxq7c8gfq8sh1tbp9xqk3ma"])


class FileUploadedData(FileDeletedData):
    """A user uploaded a file."""

    name: str = Field(description="The name of the file.", examples=["layers.pdf"])
    content_type: str = Field(description="The media type.", examples=["application/pdf"])
    size: int = Field(description="The size in bytes.", examples=[48211])


def _deleted(event: StoredEvent) -> Mapping[str, Any]:
    return {"id": encode(FILE, event.subject_uid)}


def _uploaded(event: StoredEvent) -> Mapping[str, Any]:
    return {**_deleted(event), **{name: event.payload[name] for name in ("name", "content_type", "size")}}


EVENTS: Final = (
    EventType("file.uploaded", FileUploadedData, _uploaded),
    EventType("file.deleted", FileDeletedData, _deleted),
)
