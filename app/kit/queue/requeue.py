"""Runs a job again that has failed, or that was cancelled."""

from uuid import UUID

from app.kit.clock import utc_now
from app.kit.db.sessions import WriteSession
from app.kit.queue import statements
from app.kit.queue.job_queue import carry


async def requeue_job(session: WriteSession, uid: UUID) -> bool:
    """Enqueue a job again, with all attempts. False if it has not ended or succeeded, or if another has its key."""
    row = await (await session.driver()).fetchrow(statements.REQUEUE, uid, utc_now())
    if row is None:
        return False
    await carry(session, uid, row["kind"], row["priority"], row["traceparent"])
    return True
