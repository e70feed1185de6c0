"""The messages that wait for one WebSocket, bounded in number and in size."""

import asyncio
from collections import deque
from typing import Final

_MESSAGES: Final = 256
_CHARACTERS: Final = 256 * 1024


class Outbox:
    """A queue with one reader. A message is accepted while there is room, however long it is."""

    def __init__(self) -> None:
        self._messages: deque[str] = deque()
        self._size = 0
        self._filled = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()

    def offer(self, message: str) -> bool:
        """Add a message, and return whether there was room for it."""
        if not self._room.is_set():
            return False
        self._messages.append(message)
        self._size += len(message)
        self._filled.set()
        if len(self._messages) >= _MESSAGES or self._size >= _CHARACTERS:
            self._room.clear()
        return True

    async def put(self, message: str) -> None:
        """Add a message as soon as there is room."""
        while not self.offer(message):
            await self._room.wait()

    async def take(self) -> str:
        """Remove the oldest message, as soon as there is one."""
        await self._filled.wait()
        message = self._messages.popleft()
        self._size -= len(message)
        if not self._messages:
            self._filled.clear()
        self._room.set()
        return message

    @property
    def empty(self) -> bool:
        """Whether nothing waits."""
        return not self._messages
