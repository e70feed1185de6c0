"""Runs the features that react to events, each from a cursor of its own.

No event is deleted before the cursor of each consumer is past it. That of a consumer which this release does not have
counts no more, and is deleted when it has missed events of the whole retention time.

A feature declares its consumers in its module ``event_consumers``, and their names in ``CONSUMERS`` of its module
``consumer_names``:

    def event_consumers(resources: WorkerResources) -> Sequence[EventConsumer]:
"""

from collections.abc import Sequence
from typing import Final, Protocol

from app.events.metrics import EventMetrics
from app.events.queries import EventQueries
from app.events.repository import EventRepository
from app.events.stored import StoredEvent
from app.kit.clock import utc_now
from app.kit.db.database import UnitOfWork
from app.kit.db.sessions import WriteSession

_BATCH: Final = 500


class EventConsumer(Protocol):
    """Handles every event once, in the order of positions. ``name`` identifies its cursor.

    A new consumer starts behind the newest event.
    """

    @property
    def name(self) -> str: ...

    async def handle(self, session: WriteSession, events: Sequence[StoredEvent]) -> None:
        """Write what follows from the events, in the transaction that moves the cursor past them.

        An error rolls back both: the same events come again.
        """


class ConsumerRunner:
    """Every worker runs one for each consumer; the first to lock the cursor works."""

    def __init__(self, database: UnitOfWork, consumer: EventConsumer, metrics: EventMetrics) -> None:
        self._database = database
        self._queries = EventQueries(database.reads)
        self._consumer = consumer
        self._handled = metrics.handled.labels(consumer.name)
        self._has_cursor = False

    async def step(self) -> bool:
        """Handle one batch, and return whether there may be more. Raises ``Unavailable`` and what a consumer raises."""
        name = self._consumer.name
        if self._has_cursor and not await self._queries.has_unhandled(name):
            # A lock would write to the row of the cursor, many times a second.
            return False
        async with self._database.write() as session:
            repository = EventRepository(session)
            if not self._has_cursor:
                await repository.add_cursor(name, utc_now())
            position = await repository.lock_cursor(name)
            events = [] if position is None else await repository.after(position, _BATCH)
            if events:
                await self._consumer.handle(session, events)
                await repository.move_cursor(name, events[-1].position, utc_now())
        self._has_cursor = True
        self._handled.inc(len(events))
        return len(events) == _BATCH
