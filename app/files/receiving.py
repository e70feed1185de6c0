"""Stores the content of a file while it arrives, and checks it in the same pass."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from app.files.archives import NotTheArchive, check_archive
from app.files.commands import NewFile, ReceivedFile
from app.files.content import ContentCheck
from app.files.disposition import stored_headers
from app.files.errors import FileTooLarge, StorageLimitReached
from app.files.types import FileType
from app.files.views import Visibility
from app.kit.storage.ranged_file import open_ranged
from app.kit.storage.store import ObjectStore

_BLOCK_BYTES: Final = 1024 * 1024
"""Bytes that a thread hashes at once, while the event loop serves others."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file whose row is committed and whose content is to come. ``room`` is the largest size in bytes.

    ``incoming_key`` is the object that the client has uploaded to the bucket itself, if it has.
    """

    uid: UUID
    object_key: str
    new: NewFile
    room: int
    incoming_key: str | None = None
    visibility: Visibility = Visibility.PRIVATE


async def receive(
    store: ObjectStore, upload: Upload, check: ContentCheck, content: AsyncIterator[bytes], max_bytes: int
) -> ReceivedFile:
    """Write the object of an upload. If this raises before the content ends, the store keeps nothing of it.

    Raises ``FileTooLarge``, ``StorageLimitReached``, ``ContentMismatch``, ``UnsafeContent``.
    """
    digest, size = hashlib.sha256(), 0
    headers = stored_headers(upload.new.name, upload.new.type.media_type)
    async with store.writer(upload.object_key, headers) as writer:
        async for block in _blocks(content):
            size += len(block)
            ensure_size(size, upload.room, max_bytes)
            check.feed(block)
            await asyncio.to_thread(digest.update, block)
            await writer.write(block)
        check.ensure_valid()
    if check.is_archive:
        try:
            await asyncio.to_thread(_check_archive, store, upload.object_key, size, upload.new.type)
        except NotTheArchive as error:
            raise check.archive_mismatch(str(error)) from None
    return ReceivedFile(size, digest.digest(), upload.visibility)


def ensure_size(size: int, room: int, max_bytes: int) -> None:
    """Raise ``FileTooLarge`` or ``StorageLimitReached``."""
    if size > max_bytes:
        raise FileTooLarge(max_bytes)
    if size > room:
        raise StorageLimitReached


async def digest_of(content: AsyncIterator[bytes]) -> bytes:
    """The SHA-256 digest of content that is not stored."""
    digest = hashlib.sha256()
    async for block in _blocks(content):
        await asyncio.to_thread(digest.update, block)
    return digest.digest()


async def _blocks(content: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The content in blocks of about 1 MiB."""
    gathered = bytearray()
    async for chunk in content:
        gathered += chunk
        if len(gathered) >= _BLOCK_BYTES:
            yield bytes(gathered)
            gathered.clear()
    if gathered:
        yield bytes(gathered)


def _check_archive(store: ObjectStore, key: str, size: int, kind: FileType) -> None:
    with open_ranged(store, key, size) as file:
        check_archive(file, size, kind)
