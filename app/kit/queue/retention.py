"""Deletes jobs that ended long ago, and what PgQueuer logged about them, which it never deletes itself."""

from datetime import datetime

from app.kit.db.batches import BATCH, delete_in_batches
from app.kit.db.database import UnitOfWork
from app.kit.db.sessions import WriteSession
from app.kit.queue import statements


async def purge_jobs(database: UnitOfWork, before: datetime) -> int:
    """Delete jobs that ended before a time, and the statistics of the queue until then. Returns the number of jobs."""
    deleted = await _in_batches(database, statements.DELETE_FINISHED, before)
    async with database.write() as session:
        await (await session.driver()).execute(statements.DELETE_STATISTICS, before)
    return deleted


async def purge_problems(database: UnitOfWork, before: datetime) -> int:
    """Delete the row problems of jobs that ended before a time. Returns their number."""
    return await _in_batches(database, statements.DELETE_PROBLEMS, before)


async def purge_queue_log(database: UnitOfWork, before: datetime) -> int:
    """Delete lines of the queue's log that are in its statistics. Returns their number."""
    return await _in_batches(database, statements.DELETE_LOG, before)


async def _in_batches(database: UnitOfWork, statement: str, before: datetime) -> int:
    async def delete(session: WriteSession) -> int:
        status = await (await session.driver()).execute(statement, before, BATCH)
        return int(status.rpartition(" ")[2])

    return await delete_in_batches(database, delete)
