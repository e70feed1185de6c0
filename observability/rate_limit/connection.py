"""A connection to Redis, without the client around it.

redis-py's own ``execute_command`` takes about 130 µs of CPU for a round trip, in layers that serve every command there
is; its connections alone take 40. They do the rest: URLs, TLS, authentication, the protocol.
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


class Connection:
    """Made when it is first needed, and again when it was lost. Serves one ``call`` at a time."""

    def __init__(self, url: str, patience: float) -> None:
        # The pool makes connections of an URL, and does nothing else here. Nothing is tried twice: the second attempt
        # would come when the answer is no longer wanted.
        pool = ConnectionPool.from_url(url, socket_timeout=None, retry=Retry(NoBackoff(), 0))
        # redis-py leaves its type open.
        self._connect: Callable[[], Any] = pool.make_connection
        self._patience = patience
        self._connection: Any = None

    async def call(self, commands: Sequence[bytes]) -> list[bytes | Exception]:
        """The answer to each command, sent together; Redis' refusal of one is its answer.

        Raises ``redis.exceptions.RedisError``, ``OSError``, or ``TimeoutError`` after ``patience`` seconds.
        """
        async with asyncio.timeout(self._patience):
            if self._connection is not None:
                try:
                    return await self._exchange(commands)
                except Disconnected:
                    # Redis has closed it since; only a new one tells whether Redis is gone.
                    pass
            self._connection = self._connect()
            return await self._exchange(commands)

    async def close(self) -> None:
        """Close it; the next call makes another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.disconnect(nowait=True)

    async def _exchange(self, commands: Sequence[bytes]) -> list[bytes | Exception]:
        connection = self._connection
        try:
            await connection.send_packed_command(b"".join(commands), check_health=False)
            return [await _read(connection) for _ in commands]
        except BaseException:
            # Answers may still come, and must not be taken for those to other commands.
            await self.close()
            raise


async def _read(connection: Any) -> bytes | Exception:
    try:
        answer: bytes = await connection.read_response(disable_decoding=True)
    except ResponseError as refusal:
        return refusal
    return answer
