"""The pool for reads: bounded, fair, traced, and able to replace broken connections."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio

from app.kit.db.connection_pool import ConnectionPool
from app.kit.db.instrumentation import NullDatabaseMetrics
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
