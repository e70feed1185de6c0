"""Gives positions to events after their commit, which makes them visible to readers.

A sequence is read before a commit, so a reader of ``id > cursor`` misses events of transactions that commit late.
Positions appear in order, since one transaction at a time gives them. Events of one subject keep their order: a
transaction locks the row of the subject before it records an event, so the ids have the order of the locks.
"""

from typing import Final

from app.events.metrics import EventMetrics
from app.events.nudges import relayed
from app.events.queries import EventQueries
from app.events.repository import EventRepository
from app.kit.db.database import UnitOfWork

_BATCH: Final = 500


class Relay:
    """Every worker runs one; the first to acquire the lock works."""

    def __init__(self, database: UnitOfWork, metrics: EventMetrics) -> None:
        self._database = database
        self._queries = EventQueries(database.reads)
        self._metrics = metrics

    async def step(self) -> bool:
        """Relay one batch, and return whether there may be more. Raises ``Unavailable``."""
        if not await self._queries.has_unrelayed():
            return False
        async with self._database.write() as session:
            repository = EventRepository(session)
            if not await repository.try_lock_relay():
                return False
            positions = await repository.relay(_BATCH)
            if positions:
                session.nudge(relayed(max(positions)))
        self._metrics.relayed.inc(len(positions))
        return len(positions) == _BATCH
