"""The pool for reads: bounded, fair, traced, and able to replace broken connections."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio

from app.kit.db import connection_pool
from app.kit.db.connection_pool import ConnectionPool
from app.kit.db.instrumentation import NullDatabaseMetrics
from app.kit.deadline import Deadline, DeadlineExceeded, current_deadline
from observability.tracing.recording import Recording, use_recording
from tests.support.waiting import PATIENCE

SIZE = 2


@pytest_asyncio.fixture(loop_scope="session")
async def pool(admin_dsn: str) -> AsyncIterator[ConnectionPool]:
    driver_pool = await asyncpg.create_pool(admin_dsn, min_size=0, max_size=SIZE)
    pool = ConnectionPool(driver_pool, 5, 30, NullDatabaseMetrics())
    yield pool
    await asyncio.wait_for(pool.close(), PATIENCE)


async def backend(pool: ConnectionPool) -> int:
    async with pool.acquire() as connection:
        return int(await connection.fetchval("SELECT pg_backend_pid()"))


async def test_consecutive_reads_share_a_connection(pool: ConnectionPool) -> None:
    assert len({await backend(pool) for _ in range(5)}) == 1


async def test_at_most_size_connections_are_in_use_and_every_caller_gets_one(pool: ConnectionPool) -> None:
    in_use: list[int] = []
    most = 0

    async def use() -> int:
        nonlocal most
        async with pool.acquire() as connection:
            in_use.append(1)
            most = max(most, len(in_use))
            found: int = await connection.fetchval("SELECT pg_backend_pid() FROM pg_sleep(0.01)")
            in_use.pop()
        return found

    found = await asyncio.gather(*(use() for _ in range(20)))
    assert (most, len(set(found))) == (SIZE, SIZE)


async def test_waiting_for_a_connection_times_out_and_is_traced(admin_dsn: str) -> None:
    driver_pool = await asyncpg.create_pool(admin_dsn, min_size=0, max_size=SIZE)
    pool = ConnectionPool(driver_pool, 0.05, 30, NullDatabaseMetrics())
    recording = Recording("1" * 32, "2" * 16, sampled=True)
    async with pool.acquire(), pool.acquire():
        with use_recording(recording), pytest.raises(TimeoutError):
            await backend(pool)
    assert [(child.name, child.error) for child in recording.children] == [("wait for a connection", "TimeoutError")]
    assert await backend(pool), "a caller that timed out must not leak a connection"
    await asyncio.wait_for(pool.close(), PATIENCE)


async def test_a_connection_that_the_server_closed_is_replaced(pool: ConnectionPool, admin_dsn: str) -> None:
    first = await backend(pool)
    admin = await asyncpg.connect(admin_dsn)
    await admin.execute("SELECT pg_terminate_backend($1, 5000)", first)
    await admin.close()
    await asyncio.sleep(0.05)
    assert await backend(pool) != first


async def test_the_pool_recovers_from_failed_and_cancelled_statements(pool: ConnectionPool) -> None:
    for _ in range(SIZE + 1):
        with pytest.raises(asyncpg.DivisionByZeroError):
            async with pool.acquire() as connection:
                await connection.fetch("SELECT 1/0")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02), pool.acquire() as connection:
                await connection.fetch("SELECT pg_sleep(10)")
    assert await asyncio.gather(*(backend(pool) for _ in range(10)))


async def test_close_waits_for_running_statements(admin_dsn: str) -> None:
    driver_pool = await asyncpg.create_pool(admin_dsn, min_size=0, max_size=SIZE)
    pool = ConnectionPool(driver_pool, 5, 30, NullDatabaseMetrics())
    await backend(pool)
    running = asyncio.create_task(backend(pool))
    await asyncio.sleep(0)
    await asyncio.wait_for(pool.close(), PATIENCE)
    assert await running


async def test_a_read_outside_of_a_request_has_a_deadline_that_ends_with_it(admin_dsn: str) -> None:
    driver_pool = await asyncpg.create_pool(admin_dsn, min_size=0, max_size=1)
    pool = ConnectionPool(driver_pool, 0.05, 0.3, NullDatabaseMetrics())
    async with pool.acquire():
        own = current_deadline()
        assert own is not None
        with pytest.raises(TimeoutError):
            async with pool.acquire():
                pytest.fail("there is one connection")
        assert current_deadline() is own, "the inner one, which failed, ended its own only"
    assert current_deadline() is None
    with pytest.raises(DeadlineExceeded):
        async with pool.acquire() as connection:
            await connection.fetch("SELECT pg_sleep(60)")
    assert current_deadline() is None
    with pytest.raises(asyncpg.DivisionByZeroError):
        async with pool.acquire() as connection:
            await connection.fetch("SELECT 1/0")
    assert current_deadline() is None
    # The timer of an ended deadline would cancel the task of the test.
    await asyncio.sleep(0.4)
    await asyncio.wait_for(pool.close(), PATIENCE)


async def test_a_wait_that_fails_leaves_no_deadline(admin_dsn: str) -> None:
    driver_pool = await asyncpg.create_pool(admin_dsn, min_size=0, max_size=1)
    pool = ConnectionPool(driver_pool, 0.05, 0.3, NullDatabaseMetrics())
    occupied = await driver_pool.acquire()
    with pytest.raises(TimeoutError):
        await backend(pool)
    assert current_deadline() is None
    await driver_pool.release(occupied)
    await asyncio.sleep(0.4)
    assert await backend(pool)
    await asyncio.wait_for(pool.close(), PATIENCE)


class Recorded:
    """A deadline that records the connections in use, and rejects further ones when it is over."""

    def __init__(self) -> None:
        self.connections: list[object] = []
        self.over = False

    def add(self, connection: object) -> None:
        if self.over:
            raise DeadlineExceeded(retry_after=1)
        self.connections.append(connection)

    def remove(self, connection: object) -> None:
        self.connections.remove(connection)


async def test_the_deadline_of_a_request_knows_each_connection_while_it_is_in_use(
    pool: ConnectionPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    deadline = Recorded()
    monkeypatch.setattr(connection_pool, "current_deadline", lambda: deadline)
    async with pool.acquire() as first:
        assert deadline.connections == [first]
        async with pool.acquire() as second:
            assert deadline.connections == [first, second]
        assert deadline.connections == [first]
    assert deadline.connections == []
    deadline.over = True
    for _ in range(SIZE + 1):
        with pytest.raises(DeadlineExceeded):
            await backend(pool)
    deadline.over = False
    assert await backend(pool), "a connection that came too late was returned"


async def test_a_connection_with_an_outstanding_reply_is_not_used_again(pool: ConnectionPool) -> None:
    """Its clean-up would wait for the reply; a server that hangs sends none."""
    first = await backend(pool)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05), pool.acquire() as connection:
            await connection.fetch("SELECT pg_sleep(60)")
    second = await backend(pool)
    assert second != first
    with pytest.raises(asyncpg.DivisionByZeroError):
        async with pool.acquire() as connection:
            await connection.fetch("SELECT 1/0")
    assert await backend(pool) == second, "an error that the server reported leaves nothing outstanding"


async def test_a_wait_that_costs_nothing_has_no_span(pool: ConnectionPool) -> None:
    recording = Recording("1" * 32, "2" * 16, sampled=True)
    with use_recording(recording):
        for _ in range(2):
            await backend(pool)
    assert [child.name for child in recording.children] == ["connect"]


class Measured(NullDatabaseMetrics):
    def __init__(self) -> None:
        self.events: list[str] = []
        self.seconds: list[float] = []

    def pool_wait(self, pool: str, seconds: float) -> None:
        self.events.append(f"wait {pool}")
        self.seconds.append(seconds)

    def connection_acquired(self, pool: str) -> None:
        self.events.append(f"acquired {pool}")

    def connection_released(self, pool: str) -> None:
        self.events.append(f"released {pool}")

    def query_finished(self, statement: str, seconds: float) -> None:
        self.events.append(statement)
        self.seconds.append(seconds)


async def test_each_use_of_a_connection_is_measured(admin_dsn: str) -> None:
    driver_pool = await asyncpg.create_pool(admin_dsn, min_size=0, max_size=1)
    pool = ConnectionPool(driver_pool, 0.05, 30, metrics := Measured())
    started = asyncio.get_running_loop().time()
    async with pool.acquire() as connection:
        await connection.fetch("SELECT pg_sleep(0.1)")
        with pytest.raises(TimeoutError):
            async with Deadlined(), pool.acquire():
                pytest.fail("there is one connection")
    elapsed = asyncio.get_running_loop().time() - started
    assert metrics.events == ["wait read", "acquired read", "wait read", "select", "released read"]
    first, failed, statement = metrics.seconds
    assert 0 <= first < elapsed
    assert 0.05 <= failed < elapsed
    assert 0.1 <= statement < elapsed
    await asyncio.wait_for(pool.close(), PATIENCE)


class Deadlined:
    """A deadline of a minute."""

    async def __aenter__(self) -> None:
        self._deadline = Deadline(60).__enter__()

    async def __aexit__(self, *error: object) -> None:
        self._deadline.__exit__(None, None, None)
