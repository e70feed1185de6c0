"""Passes the messages of rooms to the subscribers in one process, with one read for all of them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Final

from app.kit.background import stepping
from app.kit.db.database import UnitOfWork
from app.rooms.queries import PAGE, RoomQueries
from app.rooms.views import RoomMessageView

Subscriber = Callable[[Sequence[RoomMessageView]], None]
"""Receives new messages of a room, in order. It must return quickly."""
_POLL_SECONDS: Final = 1.0


class _Room:
    """The subscribers of one room, and the position up to which they have received messages."""

    __slots__ = ("position", "subscribers")

    def __init__(self, position: int) -> None:
        self.position = position
        self.subscribers: list[Subscriber] = []


class RoomFeed:
    """Looks at the table after a nudge, and every second: a nudge can be lost."""

    def __init__(self, database: UnitOfWork) -> None:
        self._database = database
        self._rooms: dict[int, _Room] = {}
        self._nudged = asyncio.Event()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Read in the background during the block."""
        async with stepping("room_messages_not_read", self.step, self._nudged, _POLL_SECONDS):
            yield

    def nudge(self, payload: str | None) -> None:
        """There may be new messages. Messages of rooms without subscribers here wake nobody."""
        if payload is None or not payload.isdecimal() or int(payload) in self._rooms:
            self._nudged.set()

    @contextmanager
    def subscribed(self, room: int, position: int, subscriber: Subscriber) -> Iterator[None]:
        """Call the subscriber for messages behind a position, and perhaps for some before it."""
        state = self._rooms.setdefault(room, _Room(position))
        state.subscribers.append(subscriber)
        try:
            yield
        finally:
            state.subscribers.remove(subscriber)
            if not state.subscribers:
                del self._rooms[room]

    def position(self, room: int) -> int:
        """Up to which position the subscribers of a room have received messages."""
        return self._rooms[room].position

    async def step(self) -> bool:
        """Pass on what is new, and return whether there may be more."""
        more = False
        if not self._rooms:
            return False
        for room, position in (await RoomQueries(self._database.reads).positions(self._rooms)).items():
            state = self._rooms.get(room)
            if state is not None and state.position < position:
                more |= await self._read(room, state)
        return more

    async def _read(self, room: int, state: _Room) -> bool:
        messages = await RoomQueries(self._database.reads).messages(room, state.position)
        if messages:
            state.position = max(state.position, messages[-1].position)
            for subscriber in tuple(state.subscribers):
                subscriber(messages)
        return len(messages) == PAGE
