"""Stores files that the product generates."""

from collections.abc import AsyncIterable, AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain
from typing import Final
from uuid import UUID

from uuid_utils.compat import uuid7

from app.errors import Unavailable
from app.files.commands import ReceivedFile
from app.files.disposition import stored_headers
from app.files.repository import FileRepository
from app.kit.clock import utc_now
from app.kit.db.database import UnitOfWork
from app.kit.db.sessions import WriteSession
from app.kit.storage.store import ObjectStore
from app.models import File

PREFIX: Final = "objects"
INCOMING: Final = "incoming"
"""The prefix of objects that clients upload to the store. While its URL is valid, a client can replace the object."""


def object_key(uid: UUID) -> str:
    """The key of the object with the content of a file."""
    return f"{PREFIX}/{uid}"


@dataclass(frozen=True, slots=True)
class StoredContent:
    """Content in the store, whose file is not ready yet. ``size`` is in bytes."""

    id: int
    file: UUID
    size: int
    sha256: bytes


async def abandon(database: UnitOfWork, store: ObjectStore, keys: Sequence[str]) -> None:
    """Remove the files with these object keys that are not ready, and then their objects.

    A file that became ready stays, although its caller does not know: its commit may be all that a cancelled task has
    done. Housekeeping removes later what the database or the store does not remove now.
    """
    with suppress(Unavailable):
        async with database.write() as session:
            deleted = await FileRepository(session).delete_uploading(keys)
        for key in chain.from_iterable(deleted):
            await store.delete(key)


class FileStorage:
    """Writes files in three steps, so that a crash leaves nothing that housekeeping does not find.

    The row is committed, then the object is written, then the row becomes ready in the transaction of the caller.
    """

    def __init__(self, database: UnitOfWork, store: ObjectStore) -> None:
        self._database = database
        self._store = store

    async def store(self, owner_id: int, name: str, content_type: str, body: bytes) -> StoredContent:
        """Store the content of a new file. Raises ``Unavailable``."""
        number, uid, key = await self._add(owner_id, name, content_type)
        async with self.abandoned_on_error(uid):
            await self._store.put(key, body, stored_headers(name, content_type))
        return StoredContent(number, uid, len(body), sha256(body).digest())

    async def store_chunks(
        self, owner_id: int, name: str, content_type: str, chunks: AsyncIterable[bytes]
    ) -> StoredContent:
        """As ``store``, in constant memory."""
        number, uid, key = await self._add(owner_id, name, content_type)
        digest = sha256()
        headers = stored_headers(name, content_type)
        async with self.abandoned_on_error(uid), self._store.writer(key, headers) as writer:
            async for chunk in chunks:
                digest.update(chunk)
                await writer.write(chunk)
        return StoredContent(number, uid, writer.size, digest.digest())

    @asynccontextmanager
    async def abandoned_on_error(self, file: UUID) -> AsyncIterator[None]:
        """If the block raises, remove a file that is not ready, and its object. Also if the task is cancelled."""
        try:
            yield
        except BaseException:
            await abandon(self._database, self._store, [object_key(file)])
            raise

    async def _add(self, owner_id: int, name: str, content_type: str) -> tuple[int, UUID, str]:
        """Commit the row of a file. Returns its ids and the key of its object."""
        uid = uuid7()
        key = object_key(uid)
        file = File(
            uid=uid, owner_id=owner_id, name=name, content_type=content_type, object_key=key, created_at=utc_now()
        )
        async with self._database.write() as session:
            await FileRepository(session).add(file)
            return file.id, uid, key

    async def finish(self, session: WriteSession, content: StoredContent) -> bool:
        """Make the file ready in a transaction. False if it was deleted meanwhile, with its owner."""
        key = object_key(content.file)
        received = ReceivedFile(content.size, content.sha256)
        return await FileRepository(session).finish(key, received, utc_now()) is not None
