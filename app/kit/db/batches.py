"""Deletes many rows in several transactions, so that none of them holds locks for long."""

from collections.abc import Awaitable, Callable
from typing import Final

from app.kit.db.database import UnitOfWork
from app.kit.db.sessions import WriteSession

BATCH: Final = 5_000
"""Rows of one transaction."""


async def delete_in_batches(database: UnitOfWork, delete: Callable[[WriteSession], Awaitable[int]]) -> int:
    """Run ``delete``, which deletes at most ``BATCH`` rows and returns their number, until it finds fewer.

    Returns the number of all deleted rows.
    """
    total = 0
    while True:
        async with database.write() as session:
            deleted = await delete(session)
        total += deleted
        if deleted < BATCH:
            return total
