"""Events of files."""

from dataclasses import dataclass
from typing import ClassVar

from app.events.recorder import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class FileUploaded(Event):
    """A user uploaded a file, which is ready. ``size`` is in bytes."""

    type: ClassVar[str] = "file.uploaded"
    name: str
    content_type: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FileDeleted(Event):
    """A user deleted a file; its content follows."""

    type: ClassVar[str] = "file.deleted"
