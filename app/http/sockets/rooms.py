"""The rooms that one WebSocket has subscribed to."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Final
from uuid import UUID

from uuid_utils.compat import uuid7

from app.access.principal import Principal
from app.errors import DomainError
from app.events.render_failures import RenderFailures
from app.http.rooms import RoomsComponent
from app.http.runtime import Runtime
from app.http.sockets.outbox import Outbox
from app.rooms.queries import PAGE, RoomQueries
from app.rooms.views import RoomMessageView

Encode = Callable[[str, RoomMessageView], str | None]
"""The text of a message in the room with this name; None for what the version does not show."""
Reset = Callable[[str, int], str | None]
"""Tells that messages before a position of the room with this name are not available."""
_RETRY_SECONDS: Final = 1.0


@dataclass(slots=True, eq=False)
class _Subscription:
    name: str
    room: int
    position: int
    """That of the last message which was put into the outbox."""
    live: bool = False
    """Whether the feed continues at ``position``. If not, messages are read from the table."""
    opened: ExitStack = field(default_factory=ExitStack)


class RoomSubscriptions:
    """Passes messages from the feed to the outbox. A reader that is too slow for it gets the rest from the table.

    So a client misses no message and gets none twice, also after it connects again with the last position.
    """

    def __init__(self, runtime: Runtime, outbox: Outbox, api_version: str, encode: Encode, reset: Reset) -> None:
        rooms = runtime.get(RoomsComponent)
        self._feed, self._presence = rooms.feed, rooms.presence
        self._queries = RoomQueries(runtime.database.reads)
        self._failures = runtime.metrics.group(RenderFailures)
        self._outbox = outbox
        self._api_version = api_version
        self._encode, self._reset = encode, reset
        self._connection: UUID = uuid7()
        self._open: dict[str, _Subscription] = {}
        self._lagging = asyncio.Event()

    def __len__(self) -> int:
        return len(self._open)

    def room(self, name: str) -> int | None:
        """The id of a room that was subscribed to."""
        found = self._open.get(name)
        return None if found is None else found.room

    async def subscribe(self, principal: Principal, name: str, after: int | None) -> int:
        """Enter a room, and return the position after which messages come, once ``run`` runs.

        Raises ``Unauthenticated``, ``InsufficientPermissions``, ``Unavailable``.
        """
        view = await self._presence.enter(principal, name, self._connection)
        if name not in self._open:
            subscription = _Subscription(name, view.id, view.position if after is None else after)
            self._open[name] = subscription

            def receive(messages: Sequence[RoomMessageView]) -> None:
                self._pass_on(subscription, messages)

            subscription.opened.enter_context(self._feed.subscribed(view.id, view.position, receive))
            self._lagging.set()
        return self._open[name].position

    async def unsubscribe(self, name: str) -> None:
        """Leave a room. Raises ``Unavailable``; the presence then expires."""
        found = self._open.pop(name, None)
        if found is not None:
            found.opened.close()
            await self._presence.leave(found.room, self._connection)

    async def close(self) -> None:
        """Leave all rooms. Never raises."""
        for name in tuple(self._open):
            with suppress(DomainError):
                await self.unsubscribe(name)

    async def run(self) -> None:
        """Read from the table what the feed does not bring, until cancelled."""
        while True:
            await self._lagging.wait()
            self._lagging.clear()
            for subscription in tuple(self._open.values()):
                try:
                    await self._catch_up(subscription)
                except DomainError:
                    # The database is down. Nothing is lost: the position stays where it is.
                    self._lagging.set()
                    await asyncio.sleep(_RETRY_SECONDS)

    async def _catch_up(self, subscription: _Subscription) -> None:
        while self._is_open(subscription) and not subscription.live:
            messages = await self._queries.messages(subscription.room, subscription.position)
            # Read after the messages: a message that was deleted before has raised the floor.
            state = await self._queries.state(subscription.room)
            if not self._is_open(subscription):
                return
            if state is not None and not state.floor <= subscription.position <= state.position:
                subscription.position = state.position
                await self._put(self._reset(subscription.name, state.position))
                continue
            for message in messages:
                await self._put(self._rendered(subscription.name, message))
                subscription.position = message.position
            if self._is_open(subscription):
                behind = subscription.position < self._feed.position(subscription.room)
                subscription.live = len(messages) < PAGE and not behind

    def _rendered(self, name: str, message: RoomMessageView) -> str | None:
        key = message.room_id, message.position
        return self._failures.rendered(self._api_version, key, partial(self._encode, name, message))

    def _is_open(self, subscription: _Subscription) -> bool:
        return self._open.get(subscription.name) is subscription

    async def _put(self, text: str | None) -> None:
        if text is not None:
            await self._outbox.put(text)

    def _pass_on(self, subscription: _Subscription, messages: Sequence[RoomMessageView]) -> None:
        for message in messages:
            if not subscription.live:
                return
            if message.position > subscription.position:
                text = self._rendered(subscription.name, message)
                if text is not None and not self._outbox.offer(text):
                    subscription.live = False
                    self._lagging.set()
                    return
                subscription.position = message.position
