"""A response that its client does not read, over raw sockets."""

import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.support.raw_server import PARTS, RawServer, raw_server
from tests.support.waiting import PATIENCE, wait_until


@pytest.fixture(params=["uvloop", "asyncio"])
def server(request: pytest.FixtureRequest) -> Iterator[RawServer]:
    with raw_server(request.param) as running:
        yield running


def test_a_response_that_nobody_reads_ends(server: RawServer) -> None:
    before = len(server.probe.served)
    with server.connect() as client:
        client.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_until(lambda: len(server.probe.served) > before, PATIENCE)
        received = 0
        with suppress(ConnectionResetError):
            while part := client.recv(2**20):
                received += len(part)
    assert received < PARTS * 2**20


def test_a_response_that_is_read_in_pauses_does_not_end(server: RawServer) -> None:
    received = b""
    with server.connect() as client:
        client.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        while part := client.recv(2**24):
            received += part
            if len(received) // 2**24 != (len(received) - len(part)) // 2**24:
                # Together, the pauses are longer than the limit.
                time.sleep(0.7)
    assert received.count(b"x") >= PARTS * 2**20
