"""Limits before a request is complete, over raw sockets: size, time, framing, pipelining, number of connections."""

import re
import socket
import time
from collections.abc import Iterator

import orjson
import pytest

from tests.support.raw_server import RawServer, raw_server, read_all, receive, status_of
from tests.support.waiting import PATIENCE, stretched, wait_until

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
CHUNKED = b"POST /read HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
LIMIT = 32_768


@pytest.fixture(scope="module", params=["uvloop", "asyncio"])
def server(request: pytest.FixtureRequest) -> Iterator[RawServer]:
    with raw_server(request.param) as running:
        yield running


def ensure_problem(response: bytes, status: int, code: str) -> None:
    """The one response is a small problem document, and closes the connection."""
    head, _, body = response.partition(b"\r\n\r\n")
    assert status_of(response) == status, response
    assert re.search(rb"\r\nconnection: close\r\n", head)
    assert re.search(rb"\r\ncache-control: no-store\r\n", head)
    assert re.search(rb"\r\ncontent-type: application/problem\+json\r\n", head)
    identifier = re.search(rb"\r\nx-request-id: ([0-9a-f]{32})$", head)
    assert identifier is not None
    problem = orjson.loads(body)
    assert (problem["status"], problem["code"], problem["request_id"]) == (status, code, identifier[1].decode())
    assert problem["type"] == f"/problems/{code}"


def flood(client: socket.socket, piece: bytes, limit: int, pause: float) -> int:
    """Send until the server resets the connection, or the limit. Returns the number of bytes sent."""
    sent = 0
    try:
        while sent < limit:
            sent += client.send(piece)
            time.sleep(pause)
    except OSError:
        pass
    return sent


@pytest.mark.parametrize(
    "part",
    [b"X-A: " + b"a" * LIMIT, b"X-A: b\r\n" * 5000, b"a" * LIMIT, b"GET /" + b"a" * LIMIT, b"\r\n" * LIMIT],
    ids=["one field", "many fields", "a name", "a target", "empty lines"],
)
def test_an_incomplete_head_has_a_limit(server: RawServer, part: bytes) -> None:
    before = server.rejected("head_too_large")
    start = b"" if part.startswith((b"GET", b"\r\n")) else b"GET / HTTP/1.1\r\nHost: x\r\n"
    ensure_problem(server.exchange(start + part), 431, "headers_too_large")
    assert server.rejected("head_too_large") == before + 1


def test_a_head_that_never_ends_is_rejected_early(server: RawServer) -> None:
    with server.connect() as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-A: ")
        assert flood(client, b"a" * 65_536, 20_000_000, 0) < 20_000_000


def test_a_complete_head_is_passed_on(server: RawServer) -> None:
    with server.connect() as client:
        client.sendall(GET[:-2] + b"X-A: " + b"a" * 40_000 + b"\r\n\r\n")
        assert status_of(receive(client)) == 200


def test_incomplete_heads_and_silent_connections_end_in_time(server: RawServer) -> None:
    began = time.monotonic()
    with server.connect() as partial, server.connect() as silent, server.connect() as drip:
        partial.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-A:")
        for byte in b"GET /abcd":
            drip.sendall(bytes([byte]))
            time.sleep(0.1)
        ensure_problem(read_all(partial), 408, "head_timeout")
        ensure_problem(read_all(drip), 408, "head_timeout")
        assert read_all(silent) == b"", "a response would belong to a request that is on its way"
    assert time.monotonic() - began < stretched(3)


def test_an_idle_connection_is_closed(server: RawServer) -> None:
    began = time.monotonic()
    responses = server.exchange(GET)
    assert (responses.count(b"200 OK"), responses.count(b"HTTP/1.1")) == (1, 1)
    assert 1 < time.monotonic() - began < stretched(3)


def test_a_connection_serves_requests_one_after_another(server: RawServer) -> None:
    with server.connect() as client:
        for _ in range(50):
            client.sendall(b"POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")
            assert status_of(receive(client)) == 200
        for byte in b"POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc":
            client.sendall(bytes([byte]))
        assert status_of(receive(client)) == 200


@pytest.mark.parametrize(
    "part",
    [
        b"1;" + b"e" * 100_000,
        b"1\r\nx\r\n0\r\n" + b"T: " + b"t" * 100_000,
        b"1\r\nx\r\n0\r\n" + b"T: t\r\n" * 20_000,
        (b"1;" + b"e" * 100 + b"\r\nx\r\n") * 1000,
    ],
    ids=["extension", "trailer", "trailers", "extensions"],
)
def test_chunk_extensions_and_trailers_have_a_limit(server: RawServer, part: bytes) -> None:
    before = server.rejected("framing_too_large"), server.probe.disconnects
    ensure_problem(server.exchange(CHUNKED, part), 400, "malformed_request")
    assert server.rejected("framing_too_large") == before[0] + 1
    wait_until(lambda: server.probe.disconnects == before[1] + 1, PATIENCE)


def test_small_chunks_and_trailers_are_served_and_trailers_are_no_headers(server: RawServer) -> None:
    with server.connect() as client:
        client.sendall(CHUNKED + b"1\r\nx\r\n" * 20_000)
        time.sleep(0.05)
        client.sendall(b"1;a=b\r\nx\r\n0\r\nX-API-Key: smuggled\r\n\r\n")
        assert status_of(receive(client)) == 200
        assert b"x-api-key" not in dict(server.probe.headers)
        client.sendall(GET)
        assert status_of(receive(client)) == 200


MALFORMED = {
    "both lengths": b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    "negative length": b"Content-Length: -3\r\n\r\nabc",
    "huge length": b"Content-Length: 99999999999999999999999\r\n\r\nabc",
    "other coding": b"Transfer-Encoding: gzip\r\n\r\nabc",
    "chunk overflow": b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nx",
    "negative chunk": b"Transfer-Encoding: chunked\r\n\r\n-1\r\nx",
    "folded field": b"X-A: b\r\n c\r\n\r\n",
    "NUL in a name": b"A\0b: c\r\n\r\n",
    "NUL in a value": b"A: b\0c\r\n\r\n",
    "bare LF": b"A: b\n\n",
    "space before colon": b"A : b\r\n\r\n",
}


@pytest.mark.parametrize("head", MALFORMED.values(), ids=MALFORMED)
def test_malformed_requests_are_rejected_and_not_executed(server: RawServer, head: bytes) -> None:
    served, before = len(server.probe.served), server.rejected("malformed")
    ensure_problem(server.exchange(b"GET /malformed HTTP/1.1\r\nHost: x\r\n" + head), 400, "malformed_request")
    assert server.rejected("malformed") == before + 1
    assert len(server.probe.served) == served


def test_a_malformed_request_after_others_ends_the_connection_after_their_responses(server: RawServer) -> None:
    responses = server.exchange(GET * 3 + b"\0\r\n\r\n" + GET)
    assert responses.count(b"200 OK") == responses.count(b"HTTP/1.1") == 3


def test_a_malformed_body_of_a_queued_request(server: RawServer) -> None:
    responses = server.exchange(GET * 2 + CHUNKED, b"zz\r\n")
    assert responses.count(b"200 OK") == 2
    assert responses.count(b"HTTP/1.1 400") <= 1


def test_a_flood_of_pipelined_requests_is_cut(server: RawServer) -> None:
    server.probe.release.clear()
    count, before = len(server.probe.served), server.rejected("pipelined")
    with server.connect() as client:
        client.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n" + GET * 20_000)
        time.sleep(0.3)
        server.release()
        responses = read_all(client)
    assert responses.count(b"HTTP/1.1 200") == 17 == len(server.probe.served) - count
    assert responses.count(b"connection: close") == 1
    assert server.rejected("pipelined") == before + 1


@pytest.mark.parametrize("length", [b"Content-Length: 1000000000", b"Transfer-Encoding: chunked"])
def test_a_rejected_body_ends_the_connection_and_the_response_survives(server: RawServer, length: bytes) -> None:
    with server.connect() as client:
        client.sendall(b"POST /reject HTTP/1.1\r\nHost: x\r\n" + length + b"\r\n\r\n")
        for _ in range(16):
            client.sendall(b"10000\r\n" + b"b" * 65_536 + b"\r\n")
        response = read_all(client)
        assert status_of(response) == 413
        assert b"connection: close" in response.lower()
        assert response.endswith(b"reject")


@pytest.mark.parametrize(("piece", "limit", "pause"), [(b"b" * 65_536, 60_000_000, 0), (b"b", 300, 0.1)])
def test_input_after_a_rejected_body_has_a_limit(server: RawServer, piece: bytes, limit: int, pause: float) -> None:
    with server.connect() as client:
        client.sendall(b"POST /reject HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n")
        assert flood(client, piece, limit, pause) < limit / 2


def test_a_small_rest_of_a_body_keeps_the_connection(server: RawServer) -> None:
    with server.connect() as client:
        client.sendall(b"POST /reject HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
        assert status_of(receive(client)) == 413
        client.sendall(b"b" * 1000 + GET)
        assert status_of(receive(client)) == 200
        client.sendall(b"POST /reject HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
        assert status_of(receive(client)) == 413
        assert client.recv(1000) == b"", "the rest does not come"


def test_a_large_body_that_is_read_keeps_the_connection(server: RawServer) -> None:
    with server.connect() as client:
        for _ in range(2):
            client.sendall(b"POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" + b"b" * 1_000_000)
            response = receive(client)
            assert status_of(response) == 200
            assert b"connection: close" not in response


def test_an_ignored_upgrade_closes_the_connection(server: RawServer) -> None:
    responses = server.exchange(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", GET)
    assert responses.count(b"HTTP/1.1 200") == 1
    assert b"connection: close" in responses


def test_connections_without_a_request_make_room_and_used_ones_do_not() -> None:
    with raw_server(max_connections=5, head_timeout=60) as server:
        used = server.connect()
        used.sendall(GET)
        assert status_of(receive(used)) == 200
        idle: list[socket.socket] = []
        for _ in range(20):
            client = server.connect()
            client.sendall(b"GET / HTTP/1.1\r\nX-A:")
            idle.append(client)
            used.sendall(GET)
            assert status_of(receive(used)) == 200
        with server.connect() as client:
            client.sendall(GET)
            assert status_of(receive(client)) == 200
        for client in [*idle, used]:
            client.close()


def test_the_server_stops_while_connections_linger() -> None:
    with raw_server(linger_timeout=60) as server:
        client = server.connect()
        client.sendall(b"\0\r\n\r\n")
        assert status_of(receive(client)) == 400
        began = time.monotonic()
    assert time.monotonic() - began < stretched(2.5)
    client.close()


UPGRADE = (
    b"GET /socket?token=planted HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


@pytest.mark.parametrize(
    ("handshake", "status"),
    [
        (UPGRADE + b"\r\n", 404),
        (UPGRADE + b"X-A: " + b"a" * 9000 + b"\r\n\r\n", 431),
        (UPGRADE + b"X-A: a\r\n" * 200 + b"\r\n", 431),
        (UPGRADE.replace(b"planted", b"a" * 9000) + b"\r\n", 431),
        (UPGRADE.replace(b"GET", b"POST") + b"\r\n", 400),
        (UPGRADE + b"Content-Length: 3\r\n\r\nabc", 400),
        (UPGRADE + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (UPGRADE.replace(b"Version: 13", b"Version: 8") + b"\r\n", 400),
        (UPGRADE.replace(b"dGhl", b"") + b"\r\n", 400),
    ],
)
def test_a_rejected_handshake_has_a_response_and_ends(
    server: RawServer, capfd: pytest.CaptureFixture[str], handshake: bytes, status: int
) -> None:
    assert status_of(server.exchange(handshake)) == status
    assert "planted" not in "".join(capfd.readouterr())


def test_a_denied_handshake_is_no_error(server: RawServer, caplog: pytest.LogCaptureFixture) -> None:
    server.exchange(UPGRADE + b"\r\n")
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []
