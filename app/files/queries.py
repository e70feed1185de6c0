"""Reads of files."""

from collections.abc import Sequence
from functools import cache
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, select

from app.files.statements import FILES
from app.files.views import FileRef, FileView
from app.kit.db.keyset import Position, Slice, apply_keyset, bind_params, page_from_rows
from app.kit.db.sessions import ReadSession
from app.kit.db.statements import KeyedRead, Read
from app.models import File

_BY_ID: Final = KeyedRead(FILES, File.id)
_BY_UID: Final = KeyedRead(FILES, File.uid)
_OWN: Final = Read(FILES.where(File.uid == bindparam("uid"), File.owner_id == bindparam("owner_id")))
_OF_KEY: Final = Read(FILES.where(File.owner_id == bindparam("owner_id"), File.idempotency_key == bindparam("key")))
_INCOMING: Final = Read(
    select(File.incoming_key).where(
        File.uid == bindparam("uid"),
        File.owner_id == bindparam("owner_id"),
        File.state == "uploading",
        File.incoming_key.is_not(None),
    )
)
_AFTER: Final = Read(FILES.where(File.id > bindparam("after")).order_by(File.id).limit(bindparam("limit")))


@cache
def _page(*, after: bool) -> Read:
    """The statement of a page of the files of a user."""
    return Read(apply_keyset(FILES.where(File.owner_id == bindparam("owner_id")), ((File.id, True),), after=after))


class FileQueries:
    """Files that are ready, of any owner; readers apply the policy."""

    def __init__(self, reads: ReadSession) -> None:
        self._reads = reads

    async def file(self, ref: FileRef) -> FileView | None:
        row = await self._reads.by_key(_BY_ID if isinstance(ref, int) else _BY_UID, ref)
        return None if row is None else FileView.from_row(row)

    async def of_owner(self, owner_id: int, uid: UUID) -> FileView | None:
        """A file of a user."""
        row = await self._reads.one(_OWN, owner_id=owner_id, uid=uid)
        return None if row is None else FileView.from_row(row)

    async def incoming_key(self, owner_id: int, uid: UUID) -> str | None:
        """The key of the object that a user uploads to the bucket itself; None if the file is ready, or not pending."""
        row = await self._reads.one(_INCOMING, owner_id=owner_id, uid=uid)
        return None if row is None else str(row["incoming_key"])

    async def of_key(self, owner_id: int, key: str) -> FileView | None:
        """The file that a user uploaded with an idempotency key."""
        row = await self._reads.one(_OF_KEY, owner_id=owner_id, key=key)
        return None if row is None else FileView.from_row(row)

    async def page(self, owner_id: int, after: Position | None, limit: int) -> Slice[FileView]:
        """Files of a user, newest first."""
        read = _page(after=after is not None)
        rows = await self._reads.all(read, owner_id=owner_id, limit=limit + 1, **bind_params(after))
        return page_from_rows([FileView.from_row(row) for row in rows], limit, lambda file: (file.id,))

    async def after(self, number: int, limit: int) -> Sequence[FileView]:
        """Files of all users with a higher sequential id, oldest first."""
        return [FileView.from_row(row) for row in await self._reads.all(_AFTER, after=number, limit=limit)]
