"""Reads of files."""

from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, select

from app.files.views import FileView
from app.kit.db.sessions import ReadSession
from app.kit.db.statements import Read
from app.models import File

_COLUMNS: Final = (
    File.id,
    File.uid,
    File.name,
    File.content_type,
    File.object_key,
    File.size,
    File.sha256,
    File.created_at,
)
_OWN: Final = Read(
    select(*_COLUMNS).where(File.uid == bindparam("uid"), File.owner_id == bindparam("owner_id"), File.state == "ready")
)


class FileQueries:
    """Files that are ready."""

    def __init__(self, reads: ReadSession) -> None:
        self._reads = reads

    async def of_owner(self, owner_id: int, uid: UUID) -> FileView | None:
        """A file of a user."""
        row = await self._reads.one(_OWN, owner_id=owner_id, uid=uid)
        return None if row is None else FileView.from_row(row)
