"""Calls Redis in time; the commands of concurrent callers share a round trip."""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any, Final, TypeVar

from observability.concurrency.coalescer import RequestCoalescer
from observability.redis.connection import Connection

_LAST_PART: Final = 0.2
_ABANDONED: Final = 20
Reply = TypeVar("Reply")


class RedisClient:
    """One connection to Redis, and the longest time that a caller waits for a reply."""

    def __init__(self, url: str, timeout: float) -> None:
        # Each caller has its own timeout. This one ends a call that all callers have abandoned, and is long enough that
        # a stalled event loop is not mistaken for an unavailable Redis.
        self._connection = Connection(url, _ABANDONED * timeout)
        self._replies: RequestCoalescer[Sequence[bytes], list[Any]] = RequestCoalescer(self._exchange)
        self._timeout = timeout

    async def send(self, *commands: bytes) -> list[Any]:
        """The replies to packed commands. Raises the first reply that is an error; see ``in_time``."""
        return await self._replies.get(commands)

    async def in_time(self, reply: Awaitable[Reply]) -> Reply:
        """Return the reply, or raise ``TimeoutError`` if there is none in time, regardless of stalls of the event loop.

        The time includes the wait for a running round trip and for the connection. Other failures of ``send`` are
        ``redis.exceptions.RedisError`` and ``OSError``.

        After a stall asyncio runs expired timers before ready sockets, so one plain timeout would fire although the
        reply is there. The last part of the timeout therefore starts only after the first has expired, and the loop
        reads the socket in between.
        """
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(None) as timeout:
            rest = self._timeout * _LAST_PART
            timer = loop.call_later(self._timeout - rest, lambda: timeout.reschedule(loop.time() + rest))
            try:
                return await reply
            finally:
                timer.cancel()

    async def close(self) -> None:
        """Close the connection."""
        await self._connection.close()

    async def _exchange(self, calls: list[Sequence[bytes]]) -> list[list[Any] | Exception]:
        replies = iter(await self._connection.call([command for commands in calls for command in commands]))
        grouped = [[next(replies) for _ in commands] for commands in calls]
        return [next((reply for reply in group if isinstance(reply, Exception)), group) for group in grouped]
