"""Jobs that PgQueuer does not carry any more: their rows were removed, though the jobs have not ended."""

from typing import Final

import structlog

from app.kit.clock import utc_now
from app.kit.db.database import UnitOfWork
from app.kit.queue import statements
from app.kit.queue.job_queue import carry

_LOG: Final = structlog.get_logger()


async def requeue_lost_jobs(database: UnitOfWork) -> int:
    """Enqueue jobs again that no worker would run, and return their number. Raises ``Unavailable``."""
    async with database.write() as session:
        lost = await (await session.driver()).fetch(statements.LOST, utc_now())
        for row in lost:
            await carry(session, row["uid"], row["kind"], row["priority"], row["traceparent"])
    if lost:
        _LOG.warning("lost_jobs_requeued", jobs=len(lost))
    return len(lost)
