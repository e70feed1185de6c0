"""Stores files that the product generates."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from uuid import UUID

from uuid_utils.compat import uuid7

from app.files.repository import FileRepository
from app.kit.clock import utc_now
from app.kit.db.database import UnitOfWork
from app.kit.db.sessions import WriteSession
from app.kit.storage.store import ObjectStore
from app.models import File

PREFIX: Final = "objects"


@dataclass(frozen=True, slots=True)
class StoredContent:
    """Content in the store, whose file is not ready yet. ``size`` is in bytes."""

    file: UUID
    size: int
    sha256: bytes


class FileStorage:
    """Writes files in three steps, so that a crash leaves nothing that housekeeping does not find.

    The row is committed, then the object is written, then the row becomes ready in the transaction of the caller.
    """

    def __init__(self, database: UnitOfWork, store: ObjectStore) -> None:
        self._database = database
        self._store = store

    async def store(self, owner_id: int, name: str, content_type: str, body: bytes) -> StoredContent:
        """Store the content of a new file. Raises ``Unavailable``."""
        uid = uuid7()
        key = f"{PREFIX}/{uid}"
        async with self._database.write() as session:
            await FileRepository(session).add(
                File(
                    uid=uid,
                    owner_id=owner_id,
                    name=name,
                    content_type=content_type,
                    object_key=key,
                    created_at=utc_now(),
                )
            )
        await self._store.put(key, body)
        return StoredContent(uid, len(body), sha256(body).digest())

    async def finish(self, session: WriteSession, content: StoredContent) -> bool:
        """Make the file ready in a transaction. False if it was deleted meanwhile, with its owner."""
        return await FileRepository(session).finish(content.file, content.size, content.sha256, utc_now())
