"""Completes uploads whose bytes went to the bucket itself.

The signed URL binds neither size nor type, and lets its holder replace the object until it expires. So the content is
read once, and a new object gets the checked bytes (ADR 0001).
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from datetime import timedelta
from typing import Final
from uuid import UUID

from uuid_utils.compat import uuid7

from app.access.principal import Principal
from app.errors import Unavailable
from app.files.commands import NewFile, ReceivedFile
from app.files.content import ContentCheck
from app.files.errors import (
    CompletionInProgress,
    ContentMismatch,
    ContentNotUploaded,
    FileNotFound,
    FileTooLarge,
    PresignedUnavailable,
    StorageLimitReached,
    UnsafeContent,
)
from app.files.metrics import COMPLETED, INTERRUPTED, REJECTED, PresignedMetrics
from app.files.policy import ensure_may_upload
from app.files.queries import FileQueries
from app.files.receiving import Upload, ensure_size
from app.files.repository import FileRepository
from app.files.storing import object_key
from app.files.types import CSV, DOCUMENTS, type_of
from app.files.uploads import FileUploads
from app.files.views import FileView, Visibility
from app.kit.clock import utc_now
from app.kit.db.database import UnitOfWork
from app.kit.deadline import deadline_paused
from app.kit.storage.errors import ObjectNotFound
from app.kit.storage.store import ObjectStore
from app.plans.views import Caps

CLAIM: Final = timedelta(minutes=2)
"""How long a process that was killed keeps others from completing the upload."""
_EXTENDED_SECONDS: Final = 30.0
_REJECTED: Final = (ContentMismatch, UnsafeContent, FileTooLarge, StorageLimitReached)
"""The upload has failed; after other errors it may be completed again."""


class UploadCompletion:
    """Completes uploads on behalf of a principal. No transaction is open while bytes flow.

    A claim in the row lets one request at a time read the content. It names the object that the request writes, so a
    request that has lost its claim changes nothing.
    """

    def __init__(
        self,
        database: UnitOfWork,
        store: ObjectStore,
        principal: Principal,
        caps: Caps,
        uploads: FileUploads,
        metrics: PresignedMetrics,
    ) -> None:
        self._database = database
        self._queries = FileQueries(database.reads)
        self._store = store
        self._principal = principal
        self._caps = caps
        self._uploads = uploads
        self._metrics = metrics

    async def complete(self, uid: UUID, max_bytes: int) -> FileView:
        """Check the content of a pending file and make it ready; a file of the caller that is ready is returned.

        Raises ``PresignedUnavailable``, ``FileNotFound``, ``CompletionInProgress``, ``ContentNotUploaded``, and the
        errors of an upload, after which the file is gone.
        """
        owner = ensure_may_upload(self._principal).user_id
        if not self._store.signs_urls:
            raise PresignedUnavailable
        key = await self._queries.incoming_key(owner, uid)
        if key is None:
            return await self._ready(owner, uid)
        try:
            size = await self._store.size(key)
        except ObjectNotFound:
            raise ContentNotUploaded from None
        upload = await self._claim(owner, uid)
        if upload is None:
            if await self._queries.incoming_key(owner, uid) is not None:
                raise CompletionInProgress
            return await self._ready(owner, uid)
        try:
            with deadline_paused():
                content = await self._receive(upload, key, size, max_bytes)
            (view,) = await self._uploads.finish([(upload, content)])
        except _REJECTED:
            self._metrics.completions.labels(REJECTED).inc()
            await self._uploads.abandon([upload])
            raise
        except BaseException:
            # Also when the process stops.
            self._metrics.completions.labels(INTERRUPTED).inc()
            await self._release(upload)
            raise
        self._metrics.completions.labels(COMPLETED).inc()
        return view

    async def _claim(self, owner_id: int, uid: UUID) -> Upload | None:
        now = utc_now()
        async with self._database.write() as session:
            session.has_one_use_case = True
            repository = FileRepository(session)
            room = self._caps.storage_bytes - await repository.stored_bytes(owner_id)
            file = await repository.claim(owner_id, uid, object_key(uuid7()), now, now + CLAIM)
        if file is None:
            return None
        new = NewFile(file["name"], type_of(file["name"], (*DOCUMENTS, CSV)))
        return Upload(uid, file["object_key"], new, room, file["incoming_key"], Visibility(file["visibility"]))

    async def _ready(self, owner_id: int, uid: UUID) -> FileView:
        view = await self._queries.of_owner(owner_id, uid)
        if view is None:
            raise FileNotFound
        return view

    async def _receive(self, upload: Upload, key: str, size: int, max_bytes: int) -> ReceivedFile:
        ensure_size(size, upload.room, max_bytes)
        check = ContentCheck(upload.new.name, upload.new.type, upload.new.type.media_type)
        try:
            async with aclosing(self._claimed(upload, key)) as content:
                return await self._uploads.receive(upload, check, content, max_bytes)
        except ObjectNotFound:
            raise ContentNotUploaded from None

    async def _claimed(self, upload: Upload, key: str) -> AsyncGenerator[bytes, None]:
        """The incoming content, while the claim holds. Raises ``CompletionInProgress`` when it is lost."""
        clock = asyncio.get_running_loop().time
        due = clock() + _EXTENDED_SECONDS
        async with aclosing(self._store.stream(key)) as chunks:
            async for chunk in chunks:
                if clock() >= due:
                    if not await self._extend(upload):
                        raise CompletionInProgress
                    due = clock() + _EXTENDED_SECONDS
                yield chunk

    async def _extend(self, upload: Upload) -> bool:
        async with self._database.write() as session:
            return await FileRepository(session).extend_claim(upload.object_key, utc_now() + CLAIM)

    async def _release(self, upload: Upload) -> None:
        """Let the upload be completed again. What was written for it is removed, unless the file is ready."""
        with suppress(Unavailable):
            async with self._database.write() as session:
                released = await FileRepository(session).extend_claim(upload.object_key, None)
            if released:
                await self._store.delete(upload.object_key)
