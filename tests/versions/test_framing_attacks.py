"""Random malformed framing over raw sockets, against the small application behind the protocol."""

import re
import resource
import socket
import threading
import time
from collections.abc import Callable
from random import Random

import pytest

from tests.support.raw_server import RawServer, raw_server, receive, status_of
from tests.support.waiting import stretched

SEEDS = range(4)
CASES = 150
START = b" HTTP/1.1\r\nHost: x\r\n"
Make = Callable[[Random], bytes]


def noise(draw: Random, most: int) -> bytes:
    """Random bytes."""
    return draw.randbytes(draw.randrange(most))


TARGETS = [b"/read", b"/", b"/reject", b"http://x/read", b"*", b"x:80", b"/%00", b"/\xff", b"//", b"/" * 9000]
METHODS = [b"POST", b"GET", b"HEAD", b"OPTIONS", b"CONNECT", b"PRI", b"X", b"post", b"DELETE"]
VERSIONS = [START, START, START, b" HTTP/1.0\r\n", b" HTTP/9.9\r\n", b"\r\n", b" HTTP/1.1\r\n"]
LENGTHS = [b"3", b"+3", b"-3", b"3, 3", b"0x3", b"3 ", b"9" * 30, b"", b"3;q=1", b"18446744073709551616"]
CODINGS = [b"chunked", b"gzip, chunked", b"chunked, gzip", b"xchunked", b"chunked\t", b"identity", b"\x0bchunked"]
FIELDS = [
    b"X-A: b\r\n c\r\n",
    b"A\0b: c\r\n",
    b"A: b\n",
    b": b\r\n",
    b"Expect: 100-continue\r\n",
    b"Connection: close\r\n",
    b"Connection: keep-alive, Upgrade\r\n",
    b"Upgrade: websocket\r\n",
    b"Upgrade: h2c\r\n",
    b"Host: y\r\n",
]
CHUNKS = [b"3\r\nabc\r\n", b"-3\r\nabc\r\n", b"f" * 17 + b"\r\nabc\r\n", b"3\nabc\n", b"0\r\n\r\n"]


def lengths(draw: Random) -> bytes:
    """None, one or two fields that state where the body ends."""
    field = b"Content-Length: " + draw.choice(LENGTHS) + b"\r\n"
    coding = b"Transfer-Encoding: " + draw.choice(CODINGS) + b"\r\n"
    kinds = [field, coding, b"Content-Length: 3\r\n", b"transfer-encoding : chunked\r\n"]
    return b"".join(draw.choices(kinds, k=draw.randrange(3)))


def fields(draw: Random) -> bytes:
    """Up to three fields, malformed, large or many."""
    large: list[Make] = [
        lambda draw: b"A: " + noise(draw, 50) + b"\r\n",
        lambda draw: noise(draw, 20) + b": b\r\n",
        lambda draw: b"X: " + b"a" * draw.randrange(70_000) + b"\r\n",
        lambda draw: b"X: a\r\n" * draw.randrange(3000),
        lambda draw: draw.choice(FIELDS),
        lambda draw: draw.choice(FIELDS),
    ]
    return b"".join(draw.choice(large)(draw) for _ in range(draw.randrange(4)))


def chunk(draw: Random) -> bytes:
    """A chunk, or what cannot be one."""
    large: list[Make] = [
        lambda draw: b"3;" + b"e" * draw.randrange(90_000) + b"\r\nabc\r\n",
        lambda draw: b"0\r\n" + b"T: t\r\n" * draw.randrange(20_000) + b"\r\n",
        lambda draw: b"0\r\nT: " + b"t" * draw.randrange(90_000),
        lambda draw: noise(draw, 200),
        lambda draw: draw.choice(CHUNKS),
        lambda draw: draw.choice(CHUNKS),
    ]
    return draw.choice(large)(draw)


def request(draw: Random) -> bytes:
    """One request, or what is left of one."""
    head = draw.choice(METHODS) + b" " + draw.choice(TARGETS) + draw.choice(VERSIONS)
    chunks = b"".join(chunk(draw) for _ in range(draw.randrange(4)))
    whole = head + fields(draw) + lengths(draw) + b"\r\n" + chunks
    return whole[: draw.randrange(1, len(whole))] if draw.random() < 0.2 else whole


def send(server: RawServer, draw: Random) -> bytes:
    """Send one to three requests in random pieces; return what the server sent within a moment."""
    data = b"".join(request(draw) for _ in range(draw.randrange(1, 4)))
    received = b""
    with server.connect() as client:
        client.settimeout(0.05)
        try:
            while data:
                size = draw.randrange(1, len(data) + 1)
                client.sendall(data[:size])
                data = data[size:]
            while part := client.recv(65_536):
                received += part
        except OSError:
            pass
    return received


def statuses(received: bytes) -> set[int]:
    """The statuses of all responses."""
    return {int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) [A-Z]", received)}


@pytest.mark.parametrize("seed", SEEDS)
def test_no_framing_causes_a_server_error(seed: int, caplog: pytest.LogCaptureFixture) -> None:
    draw = Random(seed)  # noqa: S311 - reproducible inputs
    slowest = 0.0
    with raw_server() as server:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for number in range(CASES):
            state = draw.getstate()
            received = send(server, draw)
            bad = {status for status in statuses(received) if status >= 500}
            assert not bad, (seed, number, state[1][:2], received[:300])
            began = time.monotonic()
            with server.connect() as client:
                client.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
                assert status_of(receive(client)) == 200
            slowest = max(slowest, time.monotonic() - began)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert slowest < stretched(0.3), "the promise is 100 ms; several test processes share this machine"
    assert grown < 64 * 1024, f"{grown} KiB"
    assert [record for record in caplog.records if record.levelname in {"ERROR", "CRITICAL"}] == []


def test_many_slow_clients_do_not_delay_others() -> None:
    with raw_server(head_timeout=2, max_connections=300) as server:
        stop = threading.Event()
        slow: list[socket.socket] = [server.connect() for _ in range(400)]

        def drip() -> None:
            while not stop.is_set():
                for client in slow:
                    try:
                        client.send(b"G")
                    except OSError:
                        continue
                time.sleep(0.2)

        thread = threading.Thread(target=drip)
        thread.start()
        try:
            for _ in range(30):
                began = time.monotonic()
                with server.connect() as client:
                    client.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
                    assert status_of(receive(client)) == 200
                assert time.monotonic() - began < stretched(0.3)
                time.sleep(0.1)
        finally:
            stop.set()
            thread.join()
            for client in slow:
                client.close()
        assert sum(server.rejected(reason) for reason in ("too_many_connections", "malformed", "head_timeout")) > 50
