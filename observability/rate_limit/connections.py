"""A few connections to Redis, without the client around them.

redis-py's own ``execute_command`` takes about 130 µs of CPU for a round trip, in layers that serve every command there
is; its connections alone take 40. They do the rest: URLs, TLS, authentication, reconnection, the protocol.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from redis.asyncio import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import ResponseError


def pack(parts: Sequence[bytes]) -> bytes:
    """A command as Redis reads it."""
    return b"*%d\r\n%b" % (len(parts), b"".join([b"$%d\r\n%b\r\n" % (len(part), part) for part in parts]))


class Connections:
    """No more than ``limit`` at once; who finds all in use waits. Whoever calls sets the time to wait."""

    def __init__(self, url: str, limit: int) -> None:
        # The pool makes connections of an URL, and does nothing else here. Nothing is tried twice: the second attempt
        # would come when the answer is no longer wanted.
        pool = ConnectionPool.from_url(url, socket_timeout=None, retry=Retry(NoBackoff(), 0))
        # redis-py leaves its type open.
        self._connect: Callable[[], Any] = pool.make_connection
        self._free = asyncio.Semaphore(limit)
        self._idle: list[Any] = []

    async def call(self, command: bytes) -> Any:
        """The answer. Raises ``redis.exceptions.RedisError`` and ``OSError``."""
        async with self._free:
            if self._idle:
                try:
                    return await self._on(self._idle.pop(), command)
                except Disconnected:
                    # Redis has closed it since, and perhaps all others; only a new one tells whether Redis is gone.
                    await self.close()
            return await self._on(self._connect(), command)

    async def close(self) -> None:
        """Close every connection that is not in use."""
        idle, self._idle = self._idle, []
        for connection in idle:
            await connection.disconnect(nowait=True)

    async def _on(self, connection: Any, command: bytes) -> Any:
        try:
            await connection.send_packed_command(command, check_health=False)
            answer = await connection.read_response(disable_decoding=True)
        except ResponseError:
            # An answer too: the connection is as good as before.
            self._idle.append(connection)
            raise
        except BaseException:
            # Its answer may still come, and must not be taken for that to another command.
            await connection.disconnect(nowait=True)
            raise
        self._idle.append(connection)
        return answer
