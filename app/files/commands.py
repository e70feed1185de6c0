"""Input of the use cases of files."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.files.types import FileType
from app.files.views import Visibility


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file whose upload begins. ``key`` is the idempotency key of the request."""

    name: str
    type: FileType
    key: str | None = None


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """What has been stored of an upload. ``size`` is in bytes."""

    size: int
    sha256: bytes
    visibility: Visibility = Visibility.PRIVATE


@dataclass(frozen=True, slots=True)
class NewPresigned:
    """A file that its client will upload to the bucket itself. ``size`` is in bytes, where the client states it."""

    filename: str
    content_type: str
    visibility: Visibility
    size: int | None
    accepted: Sequence[FileType]
    max_bytes: int
