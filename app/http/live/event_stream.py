"""The stream of events of one caller, which continues after the last event that its client has."""

from functools import partial
from typing import Final

import orjson
from starlette.types import Receive, Scope, Send

from app.event_log.commands import EventFilter
from app.event_log.feed import Encode
from app.event_log.policy import viewer_of
from app.event_log.queries import EventLogQueries
from app.events.queries import EventQueries
from app.events.stored import StoredEvent
from app.http.live.connections import Place
from app.http.live.feed import FeedComponent
from app.http.live.metrics import DELETED
from app.http.live.streams import EventStreamResponse, message
from app.http.runtime import Runtime

_PAGE: Final = 500
_DIGITS: Final = 19
"""Of the largest position."""


class EventStream(EventStreamResponse):
    """Reads the events after ``last_event_id`` from the table, then receives new ones from the feed.

    It subscribes before it reads, so nothing is lost; an event of both is sent once, by its position. ``wanted`` has
    no position of its own.
    """

    def __init__(
        self, runtime: Runtime, place: Place, wanted: EventFilter, encode: Encode, last_event_id: str | None
    ) -> None:
        super().__init__(runtime, place)
        self._viewer = viewer_of(place.principal)
        self._feed = runtime.get(FeedComponent).feed
        self._log = EventLogQueries(runtime.database.reads)
        self._events = EventQueries(runtime.database.reads)
        self._wanted = wanted
        self._encode = encode
        self._last_event_id = last_event_id
        self._position = 0
        """The client has, or does not want, the events up to this position."""
        self._told = False
        """Whether the client has received a position."""
        self._offered = 0
        self._live = False
        """Whether the table was read up to the events that the feed offers."""

    @property
    def encode(self) -> Encode:
        """See ``Subscriber``."""
        return self._encode

    def offer(self, event: StoredEvent, message: bytes) -> None:
        """See ``Subscriber``."""
        if event.type not in self._wanted.types:
            return
        self._offered = event.position
        if self._live and event.position > self._position:
            self._position = event.position
            self.put(message)

    def on_overflow(self) -> bytes:
        """See ``EventStreamResponse``."""
        return _reset(self._position)

    def heartbeat(self) -> bytes:
        """Also moves the position of a client that wants few events, so that it continues with a short read."""
        if not self._live:
            return super().heartbeat()
        self._position = max(self._position, self._feed.position)
        return b":\nid: %d\n\n" % self._position

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ``EventStreamResponse``."""
        with self._feed.subscribed(self._viewer, self):
            await self._feed.start()
            highest = await self._log.highest()
            given = highest if self._last_event_id is None else _position(self._last_event_id)
            if given is None or given > highest:
                self._reset_to(highest)
            else:
                self._position = given
            await super().serve(scope, receive, send)

    async def fill(self) -> None:
        """Read pages until the table has no further events; the feed offers those that come later."""
        more = True
        while more:
            await self.drained()
            page = await self._log.page(self._viewer, self._wanted, (self._position,), _PAGE)
            # Read after the page: events that were deleted before it have raised the floor.
            if self._position < await self._events.floor() - 1:
                self._reset_to(await self._log.highest())
                continue
            if not self._told:
                # A message without data sets the position only.
                self.put(b"id: %d\n\n" % self._position)
                self._told = True
            chunks = [chunk for event in page.items if (chunk := self._rendered(event)) is not None]
            if page.items:
                self._position = page.items[-1].position
                self.put_page(chunks)
            # What the feed offered during the read may not be in the page.
            more = page.next_position is not None or self._offered > self._position
        self._live = True

    def _reset_to(self, position: int) -> None:
        self._metrics.resets.labels(DELETED).inc()
        self._position, self._told = position, True
        self.put(_reset(position))

    def _rendered(self, event: StoredEvent) -> bytes | None:
        return self._failures.rendered(self.api_version, event.uid, partial(self._encode, event))


def _position(text: str | None) -> int | None:
    if text is None or not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        return None
    return int(text)


def _reset(position: int) -> bytes:
    return message("reset", orjson.dumps({"position": str(position)}), position)
