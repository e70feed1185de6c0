"""Use cases that request and cancel jobs."""

from uuid import UUID

from app.access.principal import Principal
from app.events.recorder import EventRecorder, Subject
from app.jobs.commands import NewJob
from app.jobs.errors import JobNotFound, TooManyJobs
from app.jobs.events import JobCancelRequested, JobCreated
from app.jobs.policy import ensure_may_write, own
from app.jobs.repository import JobRepository
from app.jobs.requests import JobRequests
from app.jobs.views import JobView
from app.kit.clock import utc_now
from app.kit.db.sessions import WriteSession
from app.kit.queue.job_queue import JobQueue, Requester
from app.plans.views import Caps


class JobService:
    """Acts on behalf of a principal. Raises ``Unauthenticated`` and ``InsufficientPermissions``."""

    def __init__(
        self, session: WriteSession, principal: Principal, caps: Caps, events: EventRecorder, request_id: str | None
    ) -> None:
        self._repository = JobRepository(session)
        self._requests = JobRequests(session, principal)
        self._queue = JobQueue(session)
        self._principal = principal
        self._caps = caps
        self._events = events
        self._request_id = request_id

    async def create(self, wanted: NewJob) -> JobView:
        """Request a job. Raises ``RecipientNotAllowed``, ``FileNotFound``, ``InvalidPeriod``, ``TooManyJobs``."""
        ensure_may_write(self._principal)
        kind, params = await self._requests.prepare(wanted)
        # The row of the user is locked: no other request adds a job meanwhile.
        if await self._repository.count_open(self._principal.signed_in().user_id) >= self._caps.concurrent_jobs:
            raise TooManyJobs
        requester = Requester(self._principal.signed_in().user_id, self._request_id)
        uid = await self._queue.enqueue(kind, params, requester=requester)
        job = None if uid is None else await self._repository.job(uid)
        if job is None:
            raise JobNotFound
        self._events.record(JobCreated(subject=self._subject(job.uid), kind=kind.name))
        return JobView.from_entity(job)

    async def cancel(self, uid: UUID) -> JobView:
        """Cancel a job; a cancelled one stays as it is. Raises ``JobNotFound``, ``JobFinished``."""
        ensure_may_write(self._principal)
        job = own(self._principal, await self._repository.lock(uid))
        if await self._repository.cancel(job, utc_now()):
            self._events.record(JobCancelRequested(subject=self._subject(uid), kind=job.kind))
        return JobView.from_entity(job)

    def _subject(self, uid: UUID) -> Subject:
        return Subject(uid, self._principal.signed_in().user_uid)
