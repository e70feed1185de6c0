"""A process of clients that read streams: ``python -m tests.benchmarks.readers``.

It reads one command per line of JSON, and writes one line of JSON for each: ``open`` opens streams, and ``read`` waits
for a number of deliveries over all of them. Clients are asyncio protocols without an HTTP library.
"""

import asyncio
import json
import resource
import sys
import time
from typing import Any, Final

_EVENT: Final = b"\nevent: "
_STARTED: Final = b"retry: "
_SECONDS: Final = 60
_AT_ONCE: Final = 20


class _Stream(asyncio.Protocol):
    """Records when each event arrived, on the clock that all processes of the machine share."""

    def __init__(self, head: bytes, streams: "Streams") -> None:
        self._head = head
        self._streams = streams
        self.started = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.write(self._head)  # type: ignore[attr-defined]  # a WriteTransport

    def data_received(self, data: bytes) -> None:
        if not self.started.done():
            if _STARTED in data:
                self.started.set_result(None)
            elif not data.startswith(b"HTTP/1.1 200"):
                self.started.set_exception(ConnectionError(data[:200].decode(errors="replace")))
            return
        if events := data.count(_EVENT):
            self._streams.arrived(events)

    def connection_lost(self, exc: Exception | None) -> None:
        self._streams.lost += 1
        if not self.started.done():
            self.started.set_exception(ConnectionError(f"the server closed a stream: {exc}"))


class Streams:
    """All streams of this process."""

    def __init__(self) -> None:
        self._transports: list[asyncio.BaseTransport] = []
        self._arrivals: list[float] = []
        self._complete = asyncio.Event()
        self.lost = 0

    def arrived(self, events: int) -> None:
        """A stream received events."""
        self._arrivals += [time.monotonic()] * events
        self._complete.set()

    async def open(self, port: int, path: str, headers: dict[str, str], count: int) -> dict[str, Any]:
        """Open streams, some at once. Raises ``ConnectionError``."""
        fields = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{fields}\r\n".encode()
        loop = asyncio.get_running_loop()
        for first in range(0, count, _AT_ONCE):
            opened = [
                await loop.create_connection(lambda: _Stream(head, self), "127.0.0.1", port)
                for _ in range(min(_AT_ONCE, count - first))
            ]
            self._transports += [transport for transport, _ in opened]
            await asyncio.gather(*(stream.started for _, stream in opened))
        return {"open": len(self._transports)}

    async def read(self, deliveries: int) -> dict[str, Any]:
        """Wait until the streams together have received so many events, and return when each arrived."""
        while len(self._arrivals) < deliveries:
            self._complete.clear()
            await self._complete.wait()
        found, self._arrivals = self._arrivals, []
        return {"arrivals": found, "lost": self.lost}


async def main() -> None:
    """Carry out the commands from stdin until it ends."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    streams, loop = Streams(), asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        command = json.loads(line)
        try:
            async with asyncio.timeout(_SECONDS):
                reply = await getattr(streams, command.pop("do"))(**command)
        except (OSError, TimeoutError) as error:
            reply = {"error": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(reply) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main())
