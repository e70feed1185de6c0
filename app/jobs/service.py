"""Use cases that request and cancel jobs."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from app.access.principal import Principal
from app.errors import Unauthenticated
from app.events.recorder import EventRecorder, Subject
from app.jobs.commands import EmailDraft
from app.jobs.errors import JobNotFound
from app.jobs.events import JobCancelRequested, JobCreated
from app.jobs.job_names import EMAIL
from app.jobs.policy import ensure_may_mail, ensure_may_write, own
from app.jobs.repository import JobRepository
from app.jobs.views import JobView
from app.kit.clock import utc_now
from app.kit.db.sessions import WriteSession
from app.kit.mail.address import canonical_address
from app.kit.queue.job_queue import JobQueue, Requester
from app.kit.queue.kinds import JobKind
from app.models import User


class JobService:
    """Acts on behalf of a principal. Raises ``Unauthenticated`` and ``InsufficientPermissions``."""

    def __init__(
        self, session: WriteSession, principal: Principal, events: EventRecorder, request_id: str | None
    ) -> None:
        self._repository = JobRepository(session)
        self._queue = JobQueue(session)
        self._principal = principal
        self._events = events
        self._request_id = request_id

    async def send_email(self, draft: EmailDraft) -> JobView:
        """Request a mail. Raises ``RecipientNotAllowed``."""
        ensure_may_write(self._principal)
        user = await self._owner()
        to = user.email if draft.to is None else draft.to
        own_address = user.is_verified and canonical_address(to) == user.email_canonical
        ensure_may_mail(self._principal, own_verified_address=own_address)
        return await self._create(EMAIL, {"to": to, "subject": draft.subject, "text": draft.text})

    async def cancel(self, uid: UUID) -> JobView:
        """Cancel a job; a cancelled one stays as it is. Raises ``JobNotFound``, ``JobFinished``."""
        ensure_may_write(self._principal)
        job = own(self._principal, await self._repository.lock(uid))
        if await self._repository.cancel(job, utc_now()):
            self._events.record(JobCancelRequested(subject=self._subject(uid), kind=job.kind))
        return JobView.from_entity(job)

    async def _create(self, kind: JobKind, params: Mapping[str, Any]) -> JobView:
        requester = Requester(self._principal.signed_in().user_id, self._request_id)
        uid = await self._queue.enqueue(kind, params, requester=requester)
        job = None if uid is None else await self._repository.job(uid)
        if job is None:
            raise JobNotFound
        self._events.record(JobCreated(subject=self._subject(job.uid), kind=kind.name))
        return JobView.from_entity(job)

    async def _owner(self) -> User:
        """The caller. Raises ``Unauthenticated`` if the user was deleted after the principal was resolved."""
        user = await self._repository.lock_user(self._principal.signed_in().user_id)
        if user is None:
            raise Unauthenticated
        return user

    def _subject(self, uid: UUID) -> Subject:
        return Subject(uid, self._principal.signed_in().user_uid)
