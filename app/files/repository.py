"""Writes of files."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, update

from app.kit.db.sessions import WriteSession
from app.models import File


class FileRepository:
    """Files in one transaction."""

    def __init__(self, session: WriteSession) -> None:
        self._session = session

    async def add(self, file: File) -> None:
        self._session.add(file)
        await self._session.flush()

    async def finish(self, uid: UUID, size: int, sha256: bytes, now: datetime) -> bool:
        """Make a file ready. False if it was deleted meanwhile, with its owner or because it took too long."""
        statement = (
            update(File)
            .where(File.uid == uid, File.state == "uploading")
            .values(state="ready", size=size, sha256=sha256, ready_at=now)
            .returning(File.id)
        )
        return (await self._session.execute(statement)).first() is not None

    async def delete_unfinished(self, before: datetime) -> Sequence[str]:
        """Delete files that have been unfinished since ``before``, and return the keys of their objects."""
        statement = delete(File).where(File.state == "uploading", File.created_at < before).returning(File.object_key)
        return (await self._session.execute(statement)).scalars().all()

    async def known_keys(self, keys: Sequence[str]) -> set[str]:
        """Those of these object keys that belong to a file."""
        return set((await self._session.execute(select(File.object_key).where(File.object_key.in_(keys)))).scalars())
