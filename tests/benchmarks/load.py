"""A load generator process with limits on requests and time: ``python -m tests.benchmarks.load``.

It reads one job per line of JSON, and writes one line of JSON for each. It uses asyncio protocols without an HTTP
library, so that it costs less CPU than the server that it measures.
"""

import asyncio
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle, islice
from time import perf_counter
from typing import Final
from uuid import uuid4

SHED: Final = 503
_HEAD_END: Final = b"\r\n\r\n"
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
_STATUS: Final = slice(9, 12)


@dataclass(frozen=True)
class Job:
    """``count`` requests to loopback over ``connections`` persistent connections, to each path in turn."""

    port: int
    paths: list[str]
    headers: dict[str, str]
    count: int
    connections: int
    seconds: float = 60.0
    """The time limit of the job."""
    bodies: list[str] = field(default_factory=list)
    """With bodies, the requests are POST, each with one of them in turn and an idempotency key of its own."""
    keys: list[str] = field(default_factory=list)
    """With API keys, each request has the next of them."""

    def requests(self) -> Iterator[bytes]:
        """The bytes of each request."""
        head = {"Host": f"127.0.0.1:{self.port}", **self.headers}
        fields = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        if self.keys:
            head_of = f"GET {self.paths[0]} HTTP/1.1\r\n{fields}X-API-Key: "
            yield from (f"{head_of}{key}\r\n\r\n".encode() for key in islice(cycle(self.keys), self.count))
            return
        if not self.bodies:
            texts = [f"GET {path} HTTP/1.1\r\n{fields}\r\n".encode() for path in self.paths]
            yield from islice(cycle(texts), self.count)
            return
        for path, body, _ in zip(cycle(self.paths), cycle(self.bodies), range(self.count), strict=False):
            own = f'Idempotency-Key: "{uuid4()}"\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n'
            yield f"POST {path} HTTP/1.1\r\n{fields}{own}\r\n{body}".encode()


@dataclass
class Tally:
    """Statuses and latencies of the responses."""

    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    """Seconds, of all responses except 503."""
    seconds: float = 0.0
    """The duration of the job."""

    def percentile(self, share: float) -> float:
        """The latency that this share of the responses did not exceed."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class _Connection(asyncio.Protocol):
    """Sends the next request as soon as the response to the last one is complete."""

    def __init__(self, requests: Iterator[bytes], tally: Tally, done: "asyncio.Future[None]") -> None:
        self._requests = requests
        self._tally = tally
        self._done = done
        self._buffer = b""
        self._length = 0
        self._sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._length:
            end = self._buffer.find(_HEAD_END)
            if end < 0:
                return
            length = _LENGTH.search(self._buffer, 0, end + 2)
            if length is None:
                self._fail("a response has no Content-Length")
                return
            self._length = end + len(_HEAD_END) + int(length[1])
        if len(self._buffer) < self._length:
            return
        status = int(self._buffer[_STATUS])
        self._tally.statuses[status] += 1
        if status != SHED:
            self._tally.latencies.append(perf_counter() - self._sent)
        self._buffer, self._length = b"", 0
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(f"the server closed the connection: {exc}")

    def _next(self) -> None:
        request = next(self._requests, None)
        if request is None:
            if not self._done.done():
                self._done.set_result(None)
            self._transport.close()
            return
        self._sent = perf_counter()
        self._transport.write(request)

    def _fail(self, message: str) -> None:
        if not self._done.done():
            self._done.set_exception(ConnectionError(message))


async def drive(job: Job) -> Tally:
    """Send all requests of a job. Raises ``TimeoutError`` or ``ConnectionError``."""
    requests = job.requests()
    tally = Tally()
    started = perf_counter()
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(job.seconds):
        done = [loop.create_future() for _ in range(min(job.connections, job.count))]
        for future in done:
            await loop.create_connection(
                lambda future=future: _Connection(requests, tally, future), "127.0.0.1", job.port
            )
        await asyncio.gather(*done)
    tally.seconds = perf_counter() - started
    return tally


def main() -> None:
    """Run the jobs from stdin until it ends."""
    for line in sys.stdin:
        try:
            tally = asyncio.run(drive(Job(**json.loads(line))))
            reply = {"statuses": tally.statuses, "latencies": tally.latencies, "seconds": tally.seconds}
        except (OSError, TimeoutError) as error:
            reply = {"error": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(reply) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
