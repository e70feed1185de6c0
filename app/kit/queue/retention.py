"""Deletes jobs that ended long ago, and what PgQueuer logged about them, which it never deletes itself."""

from datetime import datetime
from typing import Final

from app.kit.db.database import UnitOfWork
from app.kit.queue import statements

_BATCH: Final = 5_000
"""Rows of one transaction."""


async def purge_jobs(database: UnitOfWork, before: datetime) -> int:
    """Delete jobs that ended before a time, and the statistics of the queue until then. Returns the number of jobs."""
    deleted = await _in_batches(database, statements.DELETE_FINISHED, before)
    async with database.write() as session:
        await (await session.driver()).execute(statements.DELETE_STATISTICS, before)
    return deleted


async def purge_queue_log(database: UnitOfWork, before: datetime) -> int:
    """Delete lines of the queue's log that are in its statistics. Returns their number."""
    return await _in_batches(database, statements.DELETE_LOG, before)


async def _in_batches(database: UnitOfWork, statement: str, before: datetime) -> int:
    deleted = 0
    while True:
        async with database.write() as session:
            status = await (await session.driver()).execute(statement, before, _BATCH)
        count = int(status.rpartition(" ")[2])
        deleted += count
        if count < _BATCH:
            return deleted
