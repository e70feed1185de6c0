"""Use cases that delete files."""

from app.access.principal import Principal
from app.errors import Unauthenticated
from app.events.recorder import EventRecorder, Subject
from app.files.deletion import BeforeDeletion
from app.files.events import FileDeleted
from app.files.job_names import DELETE_OBJECT
from app.files.policy import SharesFile, ensure_may_delete, own
from app.files.repository import FileRepository
from app.files.views import FileRef, FileView
from app.kit.db.sessions import WriteSession
from app.kit.queue.job_queue import JobQueue


class FileService:
    """Acts on behalf of a principal. Raises ``Unauthenticated`` and ``InsufficientPermissions``."""

    def __init__(
        self,
        session: WriteSession,
        principal: Principal,
        events: EventRecorder,
        before_deletion: BeforeDeletion,
        shared: SharesFile[FileView],
    ) -> None:
        self._repository = FileRepository(session)
        self._queue = JobQueue(session)
        self._principal = principal
        self._events = events
        self._before_deletion = before_deletion
        self._shared = shared

    async def delete(self, ref: FileRef) -> None:
        """Delete a file; a job deletes its content. Raises ``FileNotFound``, ``NotTheOwner``."""
        caller = ensure_may_delete(self._principal)
        # Every transaction locks users, then files, then posts.
        if not await self._repository.keep_owner(caller.user_id):
            raise Unauthenticated
        file = await own(self._principal, await self._repository.lock(ref), self._shared)
        await self._before_deletion(file)
        await self._repository.delete(file.uid)
        await self._queue.enqueue(DELETE_OBJECT, {"key": file.object_key})
        self._events.record(FileDeleted(subject=Subject(file.uid, file.owner_uid, file.id)))
