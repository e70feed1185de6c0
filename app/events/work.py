"""What a worker does with events: it relays them, and runs the consumers."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from app.events.consumers import ConsumerRunner, EventConsumer
from app.events.metrics import EventMetrics
from app.events.nudges import RELAYED_CHANNEL, WRITTEN
from app.events.relay import Relay
from app.kit.background import stepping
from app.kit.db.database import UnitOfWork
from app.kit.db.listener import Listener

_POLL_SECONDS: Final = 0.5
"""What a lost nudge costs at most."""


@asynccontextmanager
async def events_handled(
    database: UnitOfWork, listener: Listener, consumers: Iterable[EventConsumer], metrics: EventMetrics
) -> AsyncIterator[None]:
    """Relay events and run the consumers during the block. ``listener`` runs later, with the nudges of both."""

    def nudged(channel: str) -> asyncio.Event:
        event = asyncio.Event()
        listener.subscribe(channel, lambda _payload: event.set())
        return event

    async with AsyncExitStack() as stack:
        relay = Relay(database, metrics)
        await stack.enter_async_context(
            stepping("events_not_relayed", relay.step, nudged(WRITTEN.channel), _POLL_SECONDS)
        )
        for consumer in consumers:
            runner = ConsumerRunner(database, consumer, metrics)
            await stack.enter_async_context(
                stepping("events_not_handled", runner.step, nudged(RELAYED_CHANNEL), _POLL_SECONDS)
            )
        yield
