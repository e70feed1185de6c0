"""Use cases that upload files, in transactions that are not open while bytes flow."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Final

from uuid_utils.compat import uuid7

from app.access.principal import Principal
from app.errors import Unauthenticated
from app.events.audit import Origin
from app.events.recorder import EventRecorder, Subject
from app.files.commands import NewFile, ReceivedFile
from app.files.content import ContentCheck
from app.files.errors import FileNotFound, StorageLimitReached, UploadUnfinished
from app.files.events import FileUploaded
from app.files.job_names import DELETE_OBJECT
from app.files.policy import ensure_may_upload
from app.files.queries import FileQueries
from app.files.receiving import Upload, receive
from app.files.repository import FileRepository
from app.files.storing import abandon, object_key
from app.files.views import FileView
from app.kit.clock import utc_now
from app.kit.db.database import UnitOfWork
from app.kit.queue.job_queue import JobQueue
from app.kit.storage.store import ObjectStore
from app.models import File
from app.plans.views import Caps

KEY_RETENTION: Final = timedelta(hours=24)


class FileUploads:
    """Uploads files on behalf of a principal. Raises ``Unauthenticated`` and ``InsufficientPermissions``.

    The row is committed before the first byte, and becomes ready in a short transaction after the last one. A process
    that is killed in between leaves what housekeeping finds.
    """

    def __init__(
        self, database: UnitOfWork, store: ObjectStore, principal: Principal, caps: Caps, origin: Origin
    ) -> None:
        self._database = database
        self._store = store
        self._principal = principal
        self._caps = caps
        self._origin = origin

    async def begin(self, new: NewFile) -> Upload | FileView:
        """Add the row of a file, or return the file that was uploaded with the same idempotency key.

        Raises ``UploadUnfinished``, ``StorageLimitReached``.
        """
        owner, now, uid = ensure_may_upload(self._principal), utc_now(), uuid7()
        file = File(
            uid=uid,
            owner_id=owner.user_id,
            name=new.name,
            content_type=new.type.media_type,
            object_key=object_key(uid),
            idempotency_key=new.key,
            created_at=now,
        )
        async with self._database.write() as session:
            # Without a key, the row is all that is written.
            session.has_one_use_case = new.key is None
            repository = FileRepository(session)
            if new.key is not None:
                await repository.forget_keys(owner.user_id, new.key, now - KEY_RETENTION)
            room = self._caps.storage_bytes - await repository.stored_bytes(owner.user_id)
            if room <= 0:
                raise StorageLimitReached
            added = await repository.add_once(file)
        if not added:
            return await self._known(owner.user_id, new)
        return Upload(uid, file.object_key, new, room)

    async def receive(
        self, upload: Upload, check: ContentCheck, content: AsyncIterator[bytes], max_bytes: int
    ) -> ReceivedFile:
        """Store and check the content of an upload; see ``receive``."""
        return await receive(self._store, upload, check, content, max_bytes)

    async def finish(self, received: Sequence[tuple[Upload, ReceivedFile]]) -> Sequence[FileView]:
        """Make files ready, all or none. Raises ``StorageLimitReached``, ``FileNotFound``."""
        owner, now = ensure_may_upload(self._principal), utc_now()
        async with self._database.write() as session:
            repository = FileRepository(session)
            events = EventRecorder(session, owner.user_uid, self._origin)
            if await repository.lock_owner(owner.user_id) is None:
                # The user was deleted while the bytes arrived.
                raise Unauthenticated
            stored = await repository.stored_bytes(owner.user_id)
            if stored + sum(content.size for _, content in received) > self._caps.storage_bytes:
                raise StorageLimitReached
            views = []
            for upload, content in received:
                view = await repository.finish(upload.object_key, content, now)
                if view is None:
                    raise FileNotFound
                views.append(view)
                if upload.incoming_key is not None:
                    await JobQueue(session).enqueue(DELETE_OBJECT, {"key": upload.incoming_key})
            views.sort(key=lambda view: view.id)
            for view in views:
                events.record(_uploaded(view))
        return views

    async def abandon(self, uploads: Sequence[Upload]) -> None:
        """Remove what is left of uploads that failed."""
        await abandon(self._database, self._store, [upload.object_key for upload in uploads])

    async def _known(self, owner_id: int, new: NewFile) -> FileView:
        found = None if new.key is None else await FileQueries(self._database.reads).of_key(owner_id, new.key)
        if found is None:
            raise UploadUnfinished
        return found


def _uploaded(view: FileView) -> FileUploaded:
    subject = Subject(view.uid, view.owner_uid, view.id)
    return FileUploaded(subject=subject, name=view.name, content_type=view.content_type, size=view.size)
