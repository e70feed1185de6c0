"""A proxy in front of PostgreSQL's socket that can hang or drop connections, while other tests use the server."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

_SOCKET = ".s.PGSQL.5432"


class DatabaseProxy:
    """Forwards bytes in both directions. Clients use ``dsn``."""

    def __init__(self, dsn: str, folder: Path) -> None:
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
        for source, target in ((reader, server_writer), (server_reader, writer)):
            task = asyncio.create_task(self._forward(source, target))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                await self._flows.wait()
                writer.write(data)
                await writer.drain()
        writer.close()


@asynccontextmanager
async def database_proxy(dsn: str, folder: Path) -> AsyncIterator[DatabaseProxy]:
    """A proxy that runs until the block ends. ``folder`` must have a short path."""
    proxy = DatabaseProxy(dsn, folder)
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.close()
