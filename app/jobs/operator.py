"""Use cases of operators, who act on jobs of all users."""

from uuid import UUID

from app.events.audit import target
from app.events.recorder import EventRecorder
from app.jobs.errors import JobNotFound, JobNotRetryable
from app.jobs.repository import JobRepository
from app.kit.clock import utc_now
from app.kit.db.sessions import WriteSession
from app.kit.queue.requeue import requeue_job


class JobOperator:
    """Acts without a principal. The audit trail records it."""

    def __init__(self, session: WriteSession) -> None:
        self._session = session
        self._repository = JobRepository(session)
        self._audit = EventRecorder(session).audit

    async def retry(self, uid: UUID) -> None:
        """Run a job again that failed or was cancelled. Raises ``JobNotFound``, ``JobNotRetryable``."""
        if await self._repository.lock(uid) is None:
            raise JobNotFound
        if not await requeue_job(self._session, uid):
            raise JobNotRetryable
        self._audit.record("job.retried", target("job", uid))

    async def cancel(self, uid: UUID) -> bool:
        """Cancel a job; False if a worker has to stop it first. Raises ``JobNotFound``, ``JobFinished``."""
        job = await self._repository.lock(uid)
        if job is None:
            raise JobNotFound
        if await self._repository.cancel(job, utc_now()):
            self._audit.record("job.cancelled", target("job", uid))
        return job.status == "cancelled"
