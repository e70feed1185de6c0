"""A load generator in a process of its own, bounded in requests and in time: ``python -m tests.benchmarks.load``.

It reads jobs, one JSON line each, and answers each with one JSON line. Connections are raw protocols, so that it
costs less than what it measures.
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

SHED: Final = 503
_HEAD_END: Final = b"\r\n\r\n"
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
_STATUS: Final = slice(9, 12)


@dataclass(frozen=True)
class Job:
    """``count`` requests to loopback over ``connections`` connections that are kept open; paths take turns."""

    port: int
    paths: list[str]
    headers: dict[str, str]
    count: int
    connections: int
    seconds: float = 60.0
    """After which the job is given up."""


@dataclass
class Tally:
    """What came back."""

    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    """Seconds, of all answers but those that only send away."""

    def percentile(self, share: float) -> float:
        """The latency that this share of the answers did not exceed."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class _Connection(asyncio.Protocol):
    """Sends the next request as soon as the answer to the last one is whole."""

    def __init__(self, requests: Iterator[bytes], tally: Tally, done: "asyncio.Future[None]") -> None:
        self._requests = requests
        self._tally = tally
        self._done = done
        self._buffer = b""
        self._whole = 0
        self._sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._whole:
            end = self._buffer.find(_HEAD_END)
            if end < 0:
                return
            length = _LENGTH.search(self._buffer, 0, end + 2)
            if length is None:
                self._fail("an answer without Content-Length")
                return
            self._whole = end + len(_HEAD_END) + int(length[1])
        if len(self._buffer) < self._whole:
            return
        status = int(self._buffer[_STATUS])
        self._tally.statuses[status] += 1
        if status != SHED:
            self._tally.latencies.append(perf_counter() - self._sent)
        self._buffer, self._whole = b"", 0
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
    fields = "".join(f"{name}: {value}\r\n" for name, value in {"Host": f"127.0.0.1:{job.port}", **job.headers}.items())
    texts = [f"GET {path} HTTP/1.1\r\n{fields}\r\n".encode() for path in job.paths]
    requests = islice(cycle(texts), job.count)
    tally = Tally()
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(job.seconds):
        ends = [loop.create_future() for _ in range(min(job.connections, job.count))]
        for end in ends:
            await loop.create_connection(lambda end=end: _Connection(requests, tally, end), "127.0.0.1", job.port)
        await asyncio.gather(*ends)
    return tally


def main() -> None:
    """Do the jobs that arrive on stdin until it ends."""
    for line in sys.stdin:
        try:
            tally = asyncio.run(drive(Job(**json.loads(line))))
            answer = {"statuses": tally.statuses, "latencies": tally.latencies}
        except (OSError, TimeoutError) as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
