"""Removes what crashes and deleted users leave in the store, and finds files whose content is missing."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from itertools import chain
from typing import Final

from app.files.queries import FileQueries
from app.files.repository import FileRepository
from app.files.storing import INCOMING, PREFIX
from app.files.views import FileView
from app.kit.clock import utc_now
from app.kit.db.database import UnitOfWork
from app.kit.storage.errors import ObjectNotFound
from app.kit.storage.store import ObjectStore

AFTER: Final = timedelta(hours=2)
"""No upload takes longer."""
_BATCH: Final = 500
_AT_ONCE: Final = 16
"""Requests to the store."""


class FileHousekeeping:
    """Each method may be repeated. Methods that remove something return the number of removed files or objects."""

    def __init__(self, database: UnitOfWork, store: ObjectStore) -> None:
        self._database = database
        self._store = store

    async def remove_unfinished(self) -> int:
        """Delete files that were never finished. If this ends in the middle, their objects are orphans."""
        before = utc_now() - AFTER
        async with self._database.write() as session:
            deleted = await FileRepository(session).delete_unfinished(before)
        for key in chain.from_iterable(deleted):
            await self._store.delete(key)
        return len(deleted) + await self._store.remove_unfinished(before)

    async def count_unfinished(self) -> int:
        """Count the files that ``remove_unfinished`` would delete, without what killed processes have left."""
        async with self._database.write() as session:
            return await FileRepository(session).count_unfinished(utc_now() - AFTER)

    async def remove_orphans(self) -> int:
        """Delete objects without a file: those of deleted users and files, and late uploads to a signed URL."""
        removed = 0
        async for orphans in self.orphans():
            for key in orphans:
                await self._store.delete(key)
            removed += len(orphans)
        return removed

    async def orphans(self) -> AsyncIterator[Sequence[str]]:
        """The keys of objects without a file, of some objects at a time."""
        before, keys = utc_now() - AFTER, list[str]()
        for prefix in (PREFIX, INCOMING):
            async for found in self._store.objects(prefix):
                # A new object may belong to a transaction that is not committed yet.
                if found.modified_at < before:
                    keys.append(found.key)
                if len(keys) == _BATCH:
                    yield await self._orphans_of(keys)
                    keys = []
        yield await self._orphans_of(keys)

    async def without_content(self) -> AsyncIterator[Sequence[FileView]]:
        """Files whose object is missing or has another size, of some files at a time."""
        queries, last = FileQueries(self._database.reads), 0
        while files := await queries.after(last, _BATCH):
            last = files[-1].id
            limit = asyncio.Semaphore(_AT_ONCE)
            complete = await asyncio.gather(*(self._is_complete(file, limit) for file in files))
            found = [file for file, whole in zip(files, complete, strict=True) if not whole]
            # Those that were deleted meanwhile have no object any more.
            yield [file for file in found if await queries.file(file.id) is not None]

    async def _is_complete(self, file: FileView, limit: asyncio.Semaphore) -> bool:
        async with limit:
            try:
                return await self._store.size(file.object_key) == file.size
            except ObjectNotFound:
                return False

    async def _orphans_of(self, keys: list[str]) -> Sequence[str]:
        async with self._database.write() as session:
            return sorted(set(keys) - await FileRepository(session).known_keys(keys))
