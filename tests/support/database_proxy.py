"""A proxy in front of PostgreSQL's socket that can hang or drop connections, while other tests use the server."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

_SOCKET = ".s.PGSQL.5432"
Tap = Callable[[bytes], None]
"""Receives what one client sends."""


def _ignore(_data: bytes) -> None:
    """Receive nothing."""


class DatabaseProxy:
    """Forwards bytes in both directions. Clients use ``dsn``. ``tap`` is called for each connection."""

    def __init__(self, dsn: str, folder: Path, tap: Callable[[], Tap] = lambda: _ignore) -> None:
        self._tap = tap
        (target,) = parse_qs(urlsplit(dsn).query)["host"]
        self._target = Path(target) / _SOCKET
        self._path = folder / _SOCKET
        self.dsn = f"{dsn.partition('?')[0]}?host={quote(str(folder), safe='')}"
        self._flows = asyncio.Event()
        self._flows.set()
        self.hanging = asyncio.Event()
        """Set by the first ``hang``."""
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.accepted = 0
        """Connections so far."""

    async def start(self) -> None:
        """Accept connections."""
        self._server = await asyncio.start_unix_server(self._serve, self._path)

    async def stop(self) -> None:
        """Refuse new connections and drop the present ones, as a killed server does."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self._path.unlink(missing_ok=True)
        self.drop()

    def hang(self) -> None:
        """Forward nothing until ``resume``. Connections stay open and new ones are accepted, as by a frozen server."""
        self._flows.clear()
        self.hanging.set()

    def resume(self) -> None:
        """Forward again."""
        self._flows.set()

    def drop(self) -> None:
        """Close every connection."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def close(self) -> None:
        """End everything."""
        self.resume()
        await self.stop()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        server_reader, server_writer = await asyncio.open_unix_connection(self._target)
        self._writers |= {writer, server_writer}
        for source, target, tap in ((reader, server_writer, self._tap()), (server_reader, writer, _ignore)):
            task = asyncio.create_task(self._forward(source, target, tap))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, tap: Tap) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                await self._flows.wait()
                tap(data)
                writer.write(data)
                await writer.drain()
        writer.close()


@asynccontextmanager
async def database_proxy(
    dsn: str, folder: Path, tap: Callable[[], Tap] = lambda: _ignore
) -> AsyncIterator[DatabaseProxy]:
    """A proxy that runs until the block ends. ``folder`` must have a short path."""
    proxy = DatabaseProxy(dsn, folder, tap)
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.close()
