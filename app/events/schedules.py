"""Schedules of the outbox."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import structlog

from app.events.known import consumer_names
from app.events.repository import EventRepository
from app.kit.clock import utc_now
from app.kit.db.batches import delete_in_batches
from app.kit.queue.schedules import Schedule, WorkerResources
from app.settings.events import EventSettings

_LOG: Final = structlog.get_logger()


def schedules(resources: WorkerResources) -> Sequence[Schedule]:
    """The deletion of old events, and of the cursors of consumers that no release runs any more."""
    age = timedelta(days=resources.settings[EventSettings].retention_days)
    consumers = consumer_names()

    async def purge() -> None:
        before = utc_now() - age
        # Before the purge: a cursor that is behind old events shows that its consumer does not run.
        async with resources.database.write() as session:
            forgotten = await EventRepository(session).forget_consumers(before, consumers)
        deleted = await delete_in_batches(
            resources.database, lambda session: EventRepository(session).purge(before, consumers)
        )
        _LOG.info("events_purged", events=deleted, forgotten_consumers=forgotten)

    return [Schedule("events.purge", "53 2 * * *", purge)]
