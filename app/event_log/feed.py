"""Passes relayed events to the streams of one process: every batch is read once, however many subscribers there are."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Final, Protocol
from uuid import UUID

import structlog

from app.event_log.queries import EventLogQueries
from app.events.audience import Audience
from app.events.render_failures import RenderFailures
from app.events.stored import StoredEvent
from app.events.visibility import Viewer
from app.kit.background import stepping
from app.kit.db.sessions import ReadSession

_LOG: Final = structlog.get_logger()
_BATCH: Final = 500
_SECONDS: Final = 1.0
"""What a lost nudge costs at most."""
Encode = Callable[[StoredEvent], bytes | None]
"""The message of an event in the format of one version; None if the version does not know the event."""


class Subscriber(Protocol):
    """A stream."""

    @property
    def api_version(self) -> str:
        """Its version."""

    @property
    def encode(self) -> Encode:
        """The format of its version: the same function for all streams of the version."""

    def offer(self, event: StoredEvent, message: bytes) -> None:
        """Receive an event that the viewer may read. Never blocks."""


class EventFeed:
    """Follows the table from the newest event on. Nudges are hints: the table is read every second, too.

    ``watch`` receives every event while ``watched`` is true. Without it and without subscribers, no event is read.
    """

    def __init__(
        self,
        reads: ReadSession,
        failures: RenderFailures,
        watched: Callable[[], object],
        watch: Callable[[StoredEvent], None],
    ) -> None:
        self._queries = EventLogQueries(reads)
        self._failures = failures
        self._watched = watched
        self._watch = watch
        self._nudged = asyncio.Event()
        self._started = False
        self._viewers: dict[UUID | None, dict[Subscriber, None]] = {}
        self.position = 0
        """Subscribers have been offered every event up to this position."""

    def nudge(self, _payload: str | None = None) -> None:
        """There may be new events."""
        self._nudged.set()

    @contextmanager
    def subscribed(self, viewer: Viewer, subscriber: Subscriber) -> Iterator[None]:
        """Offer new events to the subscriber during the block."""
        subscribers = self._viewers.setdefault(viewer.user, {})
        subscribers[subscriber] = None
        try:
            yield
        finally:
            del subscribers[subscriber]
            if not subscribers:
                del self._viewers[viewer.user]

    async def start(self) -> None:
        """Find the newest event, unless it is known: the next ones are offered. Raises ``Unavailable``."""
        if not self._started:
            await self.step()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Follow the table during the block."""
        async with stepping("events_not_streamed", self.step, self._nudged, _SECONDS):
            yield

    async def step(self) -> bool:
        """Offer one batch, and return whether there may be more. Raises ``Unavailable``."""
        if not self._started or not self._needed:
            highest = await self._queries.highest()
            if not self._started or not self._needed:
                # Otherwise somebody subscribed meanwhile, who may have read the table before this position was there.
                self.position = highest
                self._started = True
                return False
        events = await self._queries.after(self.position, _BATCH)
        for event in events:
            self._publish(event)
            self.position = max(self.position, event.position)
        return len(events) == _BATCH

    @property
    def _needed(self) -> bool:
        return bool(self._viewers) or bool(self._watched())

    def _publish(self, event: StoredEvent) -> None:
        try:
            self._watch(event)
        except Exception as error:  # noqa: BLE001 - later events must not wait for a defect of this one
            _LOG.error("event_not_watched", event_type=event.type, uid=str(event.uid), exc_info=error)
        messages: dict[Encode, bytes | None] = {}
        for user in self._readers(event):
            for subscriber in tuple(self._viewers.get(user, ())):
                encode = subscriber.encode
                if encode not in messages:
                    messages[encode] = self._failures.rendered(
                        subscriber.api_version, event.uid, partial(encode, event)
                    )
                if (message := messages[encode]) is not None:
                    subscriber.offer(event, message)

    def _readers(self, event: StoredEvent) -> set[UUID | None]:
        """The users who may read the event, by the rule of ``is_visible``. None means the users who read all events."""
        if event.audience == Audience.PUBLIC:
            return set(self._viewers)
        if event.audience == Audience.OWNER:
            return {None, event.owner_uid, event.counterparty_uid}
        return {None}
