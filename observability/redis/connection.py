"""A Redis connection without redis-py's client.

redis-py's ``execute_command`` takes about 130 µs of CPU per round trip, in layers that serve all commands; its
connection classes alone take 40 µs. They handle URLs, TLS, authentication and the protocol.
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
    """Encode a command in the Redis protocol."""
    return b"*%d\r\n%b" % (len(parts), b"".join([b"$%d\r\n%b\r\n" % (len(part), part) for part in parts]))


class Connection:
    """Connects on first use and again after a disconnect. Serves one ``call`` at a time."""

    def __init__(self, url: str, timeout: float) -> None:
        # The pool only builds connections from a URL. There are no retries: a second attempt would finish after the
        # callers' timeout.
        pool = ConnectionPool.from_url(url, socket_timeout=None, retry=Retry(NoBackoff(), 0))
        # redis-py does not type it.
        self._connect: Callable[[], Any] = pool.make_connection
        self._timeout = timeout
        self._connection: Any = None

    async def call(self, commands: Sequence[bytes]) -> list[bytes | Exception]:
        """Send the commands together and return the reply to each; an error reply is returned as an exception.

        Raises ``redis.exceptions.RedisError``, ``OSError``, or ``TimeoutError`` after ``timeout`` seconds.
        """
        async with asyncio.timeout(self._timeout):
            if self._connection is not None:
                try:
                    return await self._exchange(commands)
                except Disconnected:
                    # Redis has closed the idle connection; only a new one shows whether Redis is available.
                    pass
            self._connection = self._connect()
            return await self._exchange(commands)

    async def close(self) -> None:
        """Close the connection; the next call connects again."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.disconnect(nowait=True)

    async def _exchange(self, commands: Sequence[bytes]) -> list[bytes | Exception]:
        connection = self._connection
        try:
            await connection.send_packed_command(b"".join(commands), check_health=False)
            return [await _read(connection) for _ in commands]
        except BaseException:
            # Late replies must not be read as the replies to other commands.
            await self.close()
            raise


async def _read(connection: Any) -> bytes | Exception:
    try:
        reply: bytes = await connection.read_response(disable_decoding=True)
    except ResponseError as error:
        return error
    return reply
