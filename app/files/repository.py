"""Writes of files."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, select, update

from app.files.commands import ReceivedFile
from app.files.statements import ADD, CLAIM, FILES, FINISH, PENDING, STORED_BYTES
from app.files.views import FileRef, FileView
from app.kit.db.sessions import Row, WriteSession
from app.models import File, User


class FileRepository:
    """Files in one transaction."""

    def __init__(self, session: WriteSession) -> None:
        self._session = session

    async def add(self, file: File) -> None:
        self._session.add(file)
        await self._session.flush()

    async def add_once(self, file: File) -> bool:
        """Add a file whose idempotency key may be in use. False if it is."""
        values = {
            "new_uid": file.uid,
            "new_owner_id": file.owner_id,
            "new_name": file.name,
            "new_content_type": file.content_type,
            "new_object_key": file.object_key,
            "new_idempotency_key": file.idempotency_key,
            "new_created_at": file.created_at,
        }
        return await self._session.write(ADD, **values) is not None

    async def forget_keys(self, owner_id: int, key: str, before: datetime) -> None:
        """Let an idempotency key that was used before that time be used again."""
        statement = update(File).where(
            File.owner_id == owner_id, File.idempotency_key == key, File.created_at < before, File.state == "ready"
        )
        await self._session.execute(statement.values(idempotency_key=None))

    async def lock_owner(self, owner_id: int) -> UUID | None:
        """The uid of a user, whose files no other transaction finishes now. None if the user is gone."""
        found: UUID | None = await self._session.scalar(select(User.uid).where(User.id == owner_id).with_for_update())
        return found

    async def keep_owner(self, owner_id: int) -> bool:
        """Let no other transaction delete a user until this one ends. False if the user is gone."""
        statement = select(User.id).where(User.id == owner_id).with_for_update(read=True, key_share=True)
        return await self._session.scalar(statement) is not None

    async def stored_bytes(self, owner_id: int) -> int:
        """The bytes of the files of a user that are ready."""
        row = await self._session.read(STORED_BYTES, owner_id=owner_id)
        return 0 if row is None else int(row[0])

    async def finish(self, object_key: str, content: ReceivedFile, now: datetime) -> FileView | None:
        """Make a file ready. None if it was deleted meanwhile, with its owner or because it took too long."""
        row = await self._session.write(
            FINISH,
            finished_key=object_key,
            new_size=content.size,
            new_sha256=content.sha256,
            new_visibility=content.visibility,
            now=now,
        )
        return None if row is None else FileView.from_row(row)

    async def lock(self, ref: FileRef) -> FileView | None:
        """A file that is ready. Its row is locked until the transaction ends."""
        key = File.id if isinstance(ref, int) else File.uid
        row = (await self._session.execute(FILES.where(key == ref).with_for_update(of=File))).mappings().first()
        return None if row is None else FileView(**row)

    async def lock_own(self, owner_id: int, uids: Collection[UUID]) -> Mapping[UUID, FileView]:
        """Those of these files that are ready and of this user, by uid. None is deleted until the transaction ends."""
        own = FILES.where(File.owner_id == owner_id, File.uid.in_(uids)).order_by(File.id)
        rows = (await self._session.execute(own.with_for_update(of=File, read=True, key_share=True))).mappings()
        return {row["uid"]: FileView(**row) for row in rows}

    async def delete(self, uid: UUID) -> None:
        await self._session.execute(delete(File).where(File.uid == uid))

    async def delete_uploading(self, object_keys: Sequence[str]) -> Sequence[Sequence[str]]:
        """Delete those of these files that are not ready, and return the keys of the objects of each."""
        return await self._delete(File.object_key.in_(object_keys))

    async def count_pending(self, owner_id: int) -> int:
        """The number of files that a user uploads to the bucket itself."""
        statement = select(func.count()).select_from(File)
        return int(await self._session.scalar(statement.where(File.owner_id == owner_id, PENDING)) or 0)

    async def claim(self, owner_id: int, uid: UUID, object_key: str, now: datetime, until: datetime) -> Row | None:
        """Let one request check a pending file until then, and write its content to a new object.

        None if another request has claimed it, or the user has no such file.
        """
        return await self._session.write(
            CLAIM, file_uid=uid, of_owner=owner_id, new_key=object_key, now=now, until=until
        )

    async def extend_claim(self, object_key: str, until: datetime | None) -> bool:
        """Extend or, with None, end a claim. False if another request has claimed the file, or it is gone or ready."""
        statement = update(File).where(File.object_key == object_key, PENDING).values(checking_until=until)
        return (await self._session.execute(statement.returning(File.id))).first() is not None

    async def uid_of_owner(self, owner_id: int, ref: FileRef) -> UUID | None:
        """The uid of a file of a user that is ready."""
        key = File.id if isinstance(ref, int) else File.uid
        statement = select(File.uid).where(key == ref, File.owner_id == owner_id, File.state == "ready")
        found: UUID | None = await self._session.scalar(statement)
        return found

    async def delete_unfinished(self, before: datetime) -> Sequence[Sequence[str]]:
        """Delete files that have been unfinished since ``before``, and return the keys of the objects of each."""
        return await self._delete(File.created_at < before)

    async def count_unfinished(self, before: datetime) -> int:
        """The number of files that have been unfinished since ``before``."""
        found = await self._session.scalar(
            select(func.count()).select_from(File).where(File.state == "uploading", File.created_at < before)
        )
        return int(found or 0)

    async def known_keys(self, keys: Sequence[str]) -> set[str]:
        """Those of these object keys that belong to a file."""
        statements = (select(column).where(column.in_(keys)) for column in (File.object_key, File.incoming_key))
        return {key for statement in statements for key in (await self._session.execute(statement)).scalars() if key}

    async def _delete(self, condition: ColumnElement[bool]) -> Sequence[Sequence[str]]:
        statement = delete(File).where(File.state == "uploading", condition)
        rows = await self._session.execute(statement.returning(File.object_key, File.incoming_key))
        return [[key for key in row if key is not None] for row in rows]
