"""Writes the deliveries of events."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from app.events.consumers import EventConsumer
from app.events.rendering import RENDERERS, RETIREMENTS, EventRenderer
from app.events.stored import StoredEvent
from app.kit.clock import utc_now
from app.kit.db.sessions import WriteSession
from app.kit.queue.schedules import WorkerResources
from app.webhooks.consumer_names import WEBHOOKS
from app.webhooks.nudges import DUE
from app.webhooks.repository import DeliveryRepository


class DeliveryWriter:
    """Writes a delivery for each event and each endpoint that receives it."""

    name = WEBHOOKS

    def __init__(self, renderers: Mapping[str, EventRenderer], retirements: Mapping[str, datetime]) -> None:
        self._renderers = renderers
        self._retirements = retirements

    async def handle(self, session: WriteSession, events: Sequence[StoredEvent]) -> None:
        """See ``EventConsumer``."""
        known = [
            (event.id, version)
            for event in events
            for version, renderer in self._renderers.items()
            if renderer.knows(event)
        ]
        now = utc_now()
        ended = [version for version, at in self._retirements.items() if at <= now]
        if known and await DeliveryRepository(session).write(known, now, ended):
            session.nudge(DUE)


def event_consumers(_resources: WorkerResources) -> Sequence[EventConsumer]:
    """The one consumer."""
    return [DeliveryWriter(RENDERERS, RETIREMENTS)]
