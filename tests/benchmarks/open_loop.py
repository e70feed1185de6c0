"""A process of clients that send at a fixed rate: ``python -m tests.benchmarks.open_loop``.

A client that waits for a response before it sends again slows down with the server, so that it measures no overload.
Here a request is due at its time, whatever became of earlier ones, and its latency begins when it was due.

It reads one job per line of JSON, and writes one line of JSON for each:

* ``requests``: sends over persistent connections; a request waits for one that is free.
* ``connections``: opens a connection for each request, and gives up after half a second.
"""

import asyncio
import json
import resource
import socket
import struct
import sys
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import cycle
from time import perf_counter, sleep
from typing import Final

_END: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length: "
_STATUS: Final = slice(9, 12)
_TICK: Final = 0.001
_PATIENCE: Final = 0.5
_RESET: Final = struct.pack("ii", 1, 0)
"""Without it, a closed connection occupies its port for a minute."""


@dataclass(frozen=True)
class Rate:
    """``rate`` requests a second to loopback, for ``seconds``."""

    port: int
    paths: list[str]
    headers: dict[str, str]
    rate: float
    seconds: float
    connections: int = 1

    def requests(self) -> list[bytes]:
        """The bytes of a request to each path."""
        fields = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        return [f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n{fields}\r\n".encode() for path in self.paths]


@dataclass
class Sent:
    """What became of the requests of one job."""

    attempts: int = 0
    """Requests that were due."""
    statuses: Counter[int] = field(default_factory=Counter)
    """Of the responses that arrived in time."""
    latencies: list[float] = field(default_factory=list)
    """Seconds of 200 responses from when their requests were due."""
    seconds: float = 0.0

    def record(self, response: bytes, due: float) -> None:
        """Count one response."""
        status = int(response[_STATUS])
        self.statuses[status] += 1
        if status == 200:
            self.latencies.append(perf_counter() - due)

    @property
    def served(self) -> float:
        """The 200 responses of a second."""
        return self.statuses[200] / self.seconds

    @property
    def p99(self) -> float:
        """The latency that 99 % of the 200 responses did not exceed."""
        return sorted(self.latencies)[int(0.99 * len(self.latencies))]


class _Client(asyncio.Protocol):
    """A persistent connection; its job takes it back when the response is complete."""

    def __init__(self, sent: Sent, on_free: Callable[["_Client"], None]) -> None:
        self._sent = sent
        self._on_free = on_free
        self._buffer = b""
        self._due = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def send(self, request: bytes, due: float) -> None:
        """Send a request that was due at this time."""
        self._due = due
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(_END)
        if end < 0:
            return
        start = self._buffer.lower().find(_LENGTH, 0, end) + len(_LENGTH)
        length = int(self._buffer[start : self._buffer.find(b"\r", start)])
        if len(self._buffer) >= end + len(_END) + length:
            self._sent.record(self._buffer, self._due)
            self._buffer = b""
            self._on_free(self)


async def send_requests(job: Rate) -> Sent:
    """Send over persistent connections. A connection that the server closes is lost."""
    sent, waiting = Sent(), deque[float]()
    free: deque[_Client] = deque()
    texts = cycle(job.requests())

    def on_free(client: _Client) -> None:
        if waiting:
            client.send(next(texts), waiting.popleft())
        else:
            free.append(client)

    loop = asyncio.get_running_loop()
    for _ in range(job.connections):
        free.append((await loop.create_connection(lambda: _Client(sent, on_free), "127.0.0.1", job.port))[1])
    clients = tuple(free)
    started = perf_counter()
    while (now := perf_counter() - started) < job.seconds:
        while sent.attempts <= now * job.rate:
            due = started + sent.attempts / job.rate
            sent.attempts += 1
            if free:
                free.popleft().send(next(texts), due)
            else:
                waiting.append(due)
        await asyncio.sleep(_TICK)
    sent.seconds = perf_counter() - started
    found = Sent(sent.attempts, Counter(sent.statuses), list(sent.latencies), sent.seconds)
    for client in clients:
        client._transport.abort()
    await asyncio.sleep(0)
    return found


def send_connections(job: Rate) -> Sent:
    """Open a connection for each request."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    sent, texts, address = Sent(), cycle(job.requests()), ("127.0.0.1", job.port)
    open_now: deque[tuple[float, socket.socket]] = deque()
    started = perf_counter()
    while (now := perf_counter() - started) < job.seconds:
        while sent.attempts <= now * job.rate and len(open_now) < most - 100:
            client = socket.socket()
            client.settimeout(0)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            client.connect_ex(address)
            # On loopback a connection is established at once, unless the queue of the server is full.
            with suppress(OSError):
                client.send(next(texts))
            open_now.append((started + sent.attempts / job.rate, client))
            sent.attempts += 1
        _close(open_now, sent, before=perf_counter() - _PATIENCE)
        sleep(_TICK)
    sent.seconds = perf_counter() - started
    _close(open_now, sent, before=perf_counter())
    return sent


def _close(open_now: deque[tuple[float, socket.socket]], sent: Sent, *, before: float) -> None:
    while open_now and open_now[0][0] < before:
        due, client = open_now.popleft()
        with suppress(OSError, ValueError):
            sent.record(client.recv(4096), due)
        client.close()


def main() -> None:
    """Run the jobs from stdin until it ends."""
    for line in sys.stdin:
        values = json.loads(line)
        what = values.pop("do")
        job = Rate(**values)
        try:
            sent = asyncio.run(send_requests(job)) if what == "requests" else send_connections(job)
            reply = vars(sent)
        except OSError as error:
            reply = {"error": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(reply) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
