"""Copies (``COPY ... TO STDOUT``), on connections apart from those of reads and writes.

A copy occupies its connection as long as its client reads, which may be minutes: a few slow clients would occupy every
connection for reads.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final, Protocol, Self

import asyncpg

from app.errors import Unavailable
from app.kit.db.errors import translate_errors
from app.kit.db.statements import Read
from app.settings.database import DatabaseSettings
from observability.tracing.recording import client_span

CopyOptions = Mapping[str, Any]
"""Options of asyncpg's ``copy_from_query``, such as ``format``."""
_CHUNKS: Final = 4
"""Chunks of up to 320 KiB that wait for the client; then PostgreSQL waits."""
_GATHERED_BYTES: Final = 64 * 1024
_GATHERED_SECONDS: Final = 0.1
"""What PostgreSQL sends, often 8 KiB, is gathered until it has so many bytes or so much time passed: each chunk that is
sent on costs as much as many rows."""
_RETRY_SECONDS: Final = 5
_IDLE_SECONDS: Final = 60


class CopiesBusy(Unavailable):
    code = "exports_busy"
    detail = "All connections for exports are in use. Try again in a moment."

    def __init__(self) -> None:
        super().__init__(retry_after=_RETRY_SECONDS)


class Chunks:
    """The bytes of a copy, in chunks of whole rows. PostgreSQL waits while ``_CHUNKS`` of them are not read.

    The iteration raises errors as reads do.
    """

    def __init__(
        self, connection: Any, read: Read, values: dict[str, Any], options: CopyOptions, seconds: float | None
    ) -> None:
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue(_CHUNKS)
        self._gathered = bytearray()
        self._clock = asyncio.get_running_loop().time
        self._put_at = 0.0
        self._copying = asyncio.create_task(self._copy(connection, read, values, options, seconds))
        self.complete = False
        """Whether every row was read."""
        self.rows = 0
        """The number of rows, once PostgreSQL has sent all of them."""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        chunk = await self._queue.get()
        if chunk is not None:
            return chunk
        async with translate_errors():
            await self._copying
        self.complete = True
        raise StopAsyncIteration

    async def end(self) -> None:
        """End the query if it runs: the driver asks the server to cancel it."""
        self._copying.cancel()
        await asyncio.gather(self._copying, return_exceptions=True)

    async def _gather(self, received: bytes) -> None:
        self._gathered += received
        now = self._clock()
        if len(self._gathered) >= _GATHERED_BYTES or now - self._put_at >= _GATHERED_SECONDS:
            self._put_at = now
            await self._put()

    async def _put(self) -> None:
        if self._gathered:
            chunk = bytes(self._gathered)
            self._gathered.clear()
            await self._queue.put(chunk)

    async def _copy(
        self, connection: Any, read: Read, values: dict[str, Any], options: CopyOptions, seconds: float | None
    ) -> None:
        try:
            with client_span(*read.span):
                status = await connection.copy_from_query(
                    read.sql, *read.arguments(values), output=self._gather, timeout=seconds, **options
                )
            self.rows = int(status.rpartition(" ")[2])
            await self._put()
        except asyncio.CancelledError:
            raise  # nobody reads the queue
        except BaseException:
            await self._queue.put(None)
            raise
        await self._queue.put(None)


class Copies(Protocol):
    """Executes copies."""

    def copy(self, read: Read, values: dict[str, Any], options: CopyOptions) -> AbstractAsyncContextManager[Chunks]:
        """The result of a statement, as one snapshot. The end of the block ends the query. Raises ``CopiesBusy``."""


class CopyPool:
    """A bounded number of connections, for which a bounded number of callers waits for a bounded time."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", settings: DatabaseSettings) -> None:
        self._pool = pool
        self._settings = settings
        self._waiting = 0

    @classmethod
    async def open(cls, dsn: str, settings: DatabaseSettings) -> Self:
        """Build the pool. A connection is opened by the first copy that needs it."""
        session = {
            "application_name": "strata export",
            # A copy is one statement, which lasts as long as its client reads; `export_timeout` bounds it.
            "statement_timeout": "0",
            "lock_timeout": f"{settings.lock_timeout * 1000:.0f}",
            "idle_in_transaction_session_timeout": f"{_IDLE_SECONDS * 1000}",
            # A server that sends nothing yet would not notice that its client is gone.
            "client_connection_check_interval": "500",
            "timezone": "UTC",
            "jit": "off",
            # The first rows at once, in the order of the key, and one processor for each export.
            "enable_sort": "off",
            "enable_hashjoin": "off",
            "enable_mergejoin": "off",
            "max_parallel_workers_per_gather": "0",
        }
        pool = await asyncpg.create_pool(
            dsn,
            min_size=0,
            max_size=settings.export_pool_size,
            timeout=settings.connect_timeout,
            max_inactive_connection_lifetime=_IDLE_SECONDS,
            server_settings=session,
        )
        return cls(pool, settings)

    @asynccontextmanager
    async def copy(self, read: Read, values: dict[str, Any], options: CopyOptions) -> AsyncIterator[Chunks]:
        """See ``Copies``."""
        connection = await self._acquire()
        chunks = Chunks(connection, read, values, options, self._settings.export_timeout)
        try:
            yield chunks
        finally:
            # The server would otherwise serve a client that is gone, if this task is cancelled once more.
            await asyncio.shield(self._release(connection, chunks))

    async def close(self) -> None:
        """Close every connection after its copy."""
        await self._pool.close()

    async def _acquire(self) -> Any:
        if self._waiting >= self._settings.max_waiting_exports and not self._has_free():
            raise CopiesBusy
        self._waiting += 1
        try:
            async with translate_errors():
                return await self._pool.acquire(timeout=self._settings.export_wait)
        except Unavailable:
            if self._has_free():
                raise
            raise CopiesBusy from None
        finally:
            self._waiting -= 1

    def _has_free(self) -> bool:
        return bool(self._pool.get_idle_size()) or self._pool.get_size() < self._pool.get_max_size()

    async def _release(self, connection: Any, chunks: Chunks) -> None:
        if not chunks.complete:
            await chunks.end()
            connection.terminate()
        await self._pool.release(connection)
