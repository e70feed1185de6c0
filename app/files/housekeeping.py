"""Removes what crashes and deleted users leave in the store."""

from datetime import timedelta
from typing import Final

from app.files.repository import FileRepository
from app.files.storing import PREFIX
from app.kit.clock import utc_now
from app.kit.db.database import UnitOfWork
from app.kit.storage.store import ObjectStore

AFTER: Final = timedelta(hours=2)
"""No upload takes longer."""
_BATCH: Final = 500


class FileHousekeeping:
    """Each method may be repeated, and returns how many files or objects it removed."""

    def __init__(self, database: UnitOfWork, store: ObjectStore) -> None:
        self._database = database
        self._store = store

    async def remove_unfinished(self) -> int:
        """Delete files that were never finished. If this ends in the middle, their objects are orphans."""
        before = utc_now() - AFTER
        async with self._database.write() as session:
            keys = await FileRepository(session).delete_unfinished(before)
        for key in keys:
            await self._store.delete(key)
        return len(keys) + await self._store.remove_unfinished(before)

    async def remove_orphans(self) -> int:
        """Delete objects without a file: those of deleted users and files."""
        before, removed, keys = utc_now() - AFTER, 0, list[str]()
        async for found in self._store.objects(PREFIX):
            # A new object may belong to a transaction that is not committed yet.
            if found.modified_at < before:
                keys.append(found.key)
            if len(keys) == _BATCH:
                removed += await self._remove_orphans_of(keys)
                keys = []
        return removed + await self._remove_orphans_of(keys)

    async def _remove_orphans_of(self, keys: list[str]) -> int:
        async with self._database.write() as session:
            orphans = set(keys) - await FileRepository(session).known_keys(keys)
        for key in sorted(orphans):
            await self._store.delete(key)
        return len(orphans)
