"""A process accepts connections as fast as it serves them; the others wait in the kernel."""

import asyncio
import errno
import socket
import time
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from app.http.server import connections as module
from app.http.server.accepting import Acceptor
from app.http.server.connections import Connections
from app.http.server.limits import ConnectionLimits
from app.http.server.loop import LimitedLoop, new_event_loop
from app.http.server.metrics import ConnectionMetrics
from app.http.slots import Slots
from app.settings.http import HttpSettings
from observability.metrics.metrics import Metrics
from tests.support.raw_server import raw_server, receive, status_of
from tests.support.waiting import PATIENCE, eventually, wait_until
from tests.versions.test_connection_limits import ensure_problem

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


class Idle:
    """A connection."""

    def __init__(self, *, evictable: bool = True) -> None:
        self.evictable = evictable
        self.evicted = False

    def on_second(self) -> None:
        """Does nothing."""

    def evict(self) -> None:
        """Remember it."""
        self.evicted = True


def opened(capacity: Slots | None = None, **limits: int) -> Connections:
    return Connections(ConnectionLimits.of(HttpSettings(**limits)), ConnectionMetrics(Metrics()), capacity)  # type: ignore[arg-type]  # all are numbers


async def test_the_room_for_connections_is_that_for_their_requests() -> None:
    capacity = Slots(30)
    found = opened(capacity, max_connections=50)
    assert found.room(0) == 30
    capacity.in_use, found.unused = 10, 4
    assert found.room(5) == 11
    capacity.in_use = 30
    assert found.room(0) == module._FEW > 0, "a probe reaches a process at capacity"
    assert opened(max_connections=50).room(0) == 50
    assert opened(max_connections=1000).room(0) == module._BATCH


async def test_the_least_recently_used_connection_is_closed_if_it_is_idle() -> None:
    found, first, second = opened(max_connections=2), Idle(), Idle()
    assert found.add(first)
    assert found.add(second)
    found.record_use(first)
    third = Idle(evictable=False)
    assert found.add(third)
    assert (first.evicted, second.evicted) == (False, True)
    found.record_use(second)
    first.evictable = False
    assert not found.add(Idle())
    assert (first.evicted, third.evicted) == (False, False)


class Room:
    """Connections that have room for three, and record how many were accepted before."""

    def __init__(self, accepted: list[object]) -> None:
        self.accepted = accepted
        self.asked: list[int] = []

    def room(self, starting: int) -> int:
        """The room."""
        self.asked.append(starting + len(self.accepted))
        return 3


class Accepted(asyncio.Protocol):
    """A protocol that does nothing."""

    def __init__(self, accepted: list[object]) -> None:
        accepted.append(self)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound


def clients(listener: socket.socket, number: int) -> list[socket.socket]:
    return [socket.create_connection(listener.getsockname(), timeout=PATIENCE) for _ in range(number)]


async def test_as_many_as_there_is_room_for_are_accepted_at_once(listener: socket.socket) -> None:
    accepted: list[object] = []
    room = Room(accepted)
    acceptor = Acceptor([listener], lambda: Accepted(accepted), room, backlog=20, context=None)  # type: ignore[arg-type]  # has what is used
    waiting = clients(listener, 10)

    async def all_accepted() -> bool:
        return len(accepted) == 10

    await eventually(all_accepted)
    assert room.asked[:4] == [0, 3, 6, 9]
    acceptor.close()
    await acceptor.wait_closed()
    for client in waiting:
        client.close()


async def test_a_process_without_descriptors_accepts_later(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    accepted: list[object] = []
    accept, failures = socket.socket.accept, [OSError(errno.EMFILE, "Too many open files"), ConnectionAbortedError()]

    def failing(self: socket.socket) -> object:
        if failures:
            raise failures.pop(0)
        return accept(self)

    monkeypatch.setattr(socket.socket, "accept", failing)
    acceptor = Acceptor([listener], lambda: Accepted(accepted), Room(accepted), backlog=20, context=None)  # type: ignore[arg-type]  # has what is used
    with capture_logs() as logs:
        (client,) = clients(listener, 1)

        async def served() -> bool:
            return bool(accepted)

        await eventually(served)
    acceptor.close()
    client.close()
    assert [line["error"] for line in logs if line["event"] == "connections_not_accepted"] == ["Too many open files"]
    address = listener.getsockname()
    listener.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=PATIENCE)


def test_a_new_connection_takes_a_place_until_its_first_request_or_for_a_second() -> None:
    with raw_server(head_timeout=60) as server:
        silent, used = server.connect(), server.connect()
        used.sendall(GET)
        assert status_of(receive(used)) == 200
        wait_until(lambda: server.connections.unused == 0, PATIENCE)
        silent.close()
        used.close()
        for _ in range(3):
            server.connect().close()
        wait_until(lambda: server.connections.unused == 0, PATIENCE)


@pytest.mark.parametrize("create", [new_event_loop, LimitedLoop])
def test_servers_of_other_protocols_accept_as_usual(create: type[asyncio.AbstractEventLoop]) -> None:
    async def serve() -> bool:
        server = await asyncio.get_running_loop().create_server(asyncio.Protocol, "127.0.0.1", 0)
        async with server:
            return isinstance(server, Acceptor)

    with asyncio.Runner(loop_factory=create) as runner:
        assert not runner.run(serve())


def test_a_connection_beyond_the_limit_is_rejected_while_all_others_are_served() -> None:
    with raw_server(max_connections=5) as server, capture_logs() as logs:
        server.probe.release.clear()
        busy = [server.connect() for _ in range(5)]
        for client in busy:
            client.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(0.3)
        for _ in range(10):
            rejected = server.exchange(b"")
            ensure_problem(rejected.replace(b"retry-after: 1\r\n", b""), 503, "overloaded")
            assert b"retry-after: 1\r\n" in rejected
        server.release()
        for client in busy:
            assert status_of(receive(client)) == 200
            client.close()
        wait_until(lambda: sum(line.get("connections", 0) for line in logs) == 10, PATIENCE)
    assert {line["event"] for line in logs} == {"connections_shed"}, "a line per second, not one for each"
