"""Begins uploads whose bytes go to the bucket itself, by a signed URL; ``completion`` checks the content later."""

from datetime import timedelta
from typing import Final

from uuid_utils.compat import uuid7

from app.access.principal import Principal
from app.errors import Unauthenticated
from app.files.commands import NewPresigned
from app.files.content import ContentCheck
from app.files.errors import PresignedUnavailable, TooManyPendingUploads
from app.files.policy import ensure_may_upload
from app.files.receiving import ensure_size
from app.files.repository import FileRepository
from app.files.storing import INCOMING, object_key
from app.files.types import clean_name, type_of
from app.files.views import PendingFile, SignedRequest
from app.kit.clock import utc_now
from app.kit.db.sessions import WriteSession
from app.kit.storage.store import ObjectStore
from app.models import File
from app.plans.views import Caps

MAX_PENDING: Final = 10
"""Pending uploads of a user: a signed URL limits neither the size nor the number of its uploads."""
VALID: Final = timedelta(minutes=10)


class PresignedUploads:
    """Begins uploads on behalf of a principal, in the transaction of the request."""

    def __init__(self, session: WriteSession, store: ObjectStore, principal: Principal, caps: Caps) -> None:
        self._repository = FileRepository(session)
        self._store = store
        self._principal = principal
        self._caps = caps

    async def begin(self, new: NewPresigned) -> PendingFile:
        """Add the row of a file, and sign the URL to which its content is sent.

        Raises ``PresignedUnavailable``, ``TooManyPendingUploads``, and the errors of an upload.
        """
        owner, now, uid = ensure_may_upload(self._principal), utc_now(), uuid7()
        incoming_key = f"{INCOMING}/{uid}"
        url = await self._store.signed_url("PUT", incoming_key, VALID)
        if url is None:
            raise PresignedUnavailable
        name = clean_name(new.filename)
        kind = type_of(name, new.accepted)
        ContentCheck(name, kind, new.content_type).ensure_declared()
        # The row of the user is locked: no other request adds a file meanwhile.
        if await self._repository.lock_owner(owner.user_id) is None:
            raise Unauthenticated
        if await self._repository.count_pending(owner.user_id) >= MAX_PENDING:
            raise TooManyPendingUploads
        room = self._caps.storage_bytes - await self._repository.stored_bytes(owner.user_id)
        ensure_size(new.size or 1, room, new.max_bytes)
        file = File(
            uid=uid,
            owner_id=owner.user_id,
            name=name,
            content_type=kind.media_type,
            object_key=object_key(uid),
            incoming_key=incoming_key,
            visibility=new.visibility,
            created_at=now,
        )
        await self._repository.add(file)
        request = SignedRequest("PUT", url, {"Content-Type": kind.media_type}, now + VALID)
        return PendingFile(uid, owner.user_uid, name, kind.media_type, new.visibility.value, now, request)
