"""Writes of jobs."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from app.jobs.errors import JobFinished
from app.kit.db.sessions import WriteSession
from app.models import Job, User
from app.models.job import OPEN


class JobRepository:
    """Jobs in one transaction."""

    def __init__(self, session: WriteSession) -> None:
        self._session = session

    async def job(self, uid: UUID) -> Job | None:
        """A job that this transaction has written or locked."""
        return await self._session.scalar(select(Job).where(Job.uid == uid))

    async def lock(self, uid: UUID) -> Job | None:
        """A job, which no attempt can end until this transaction does."""
        statement = select(Job).where(Job.uid == uid).with_for_update().execution_options(populate_existing=True)
        return await self._session.scalar(statement)

    async def cancel(self, job: Job, now: datetime) -> bool:
        """End a locked job that waits, and let the worker end one that runs. Raises ``JobFinished``.

        False if it was cancelled before, which stays as it is.
        """
        if job.status in {"succeeded", "failed"}:
            raise JobFinished
        if job.cancel_requested_at is not None:
            return False
        job.cancel_requested_at = now
        job.revision += 1
        if job.status == "queued":
            job.status, job.finished_at = "cancelled", now
        await self._session.flush()
        return True

    async def count_open(self, user_id: int) -> int:
        """The number of the user's jobs that have not ended."""
        return await self._session.scalar(select(func.count()).where(Job.owner_id == user_id, OPEN)) or 0

    async def lock_user(self, user_id: int) -> User | None:
        """A user, who cannot be deleted until the transaction ends. None if that has happened."""
        return await self._session.scalar(select(User).where(User.id == user_id).with_for_update(key_share=True))
