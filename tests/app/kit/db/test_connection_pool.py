"""Connections are lent one at a time, fairly, and mended by the pool when something happened to them."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio

from app.kit.db.connection_pool import Leases
from app.kit.db.instrumentation import NullDatabaseMetrics
from observability.tracing.recording import Recording, recorded

SIZE = 2


@pytest_asyncio.fixture(loop_scope="session")
async def leases(admin_dsn: str) -> AsyncIterator[Leases]:
    pool = await asyncpg.create_pool(admin_dsn, min_size=0, max_size=SIZE)
    leases = Leases(pool, SIZE, 5, NullDatabaseMetrics())
    yield leases
    await asyncio.wait_for(leases.close(), 10)


async def backend(leases: Leases) -> int:
    async with leases.acquire() as connection:
        return int(await connection.fetchval("SELECT pg_backend_pid()"))


async def test_the_same_connection_serves_one_after_the_other(leases: Leases) -> None:
    assert len({await backend(leases) for _ in range(5)}) == 1


async def test_no_more_than_size_are_lent_at_once_and_all_are_served(leases: Leases) -> None:
    lent: list[int] = []
    most = 0

    async def borrow() -> int:
        nonlocal most
        async with leases.acquire() as connection:
            lent.append(1)
            most = max(most, len(lent))
            found: int = await connection.fetchval("SELECT pg_backend_pid() FROM pg_sleep(0.01)")
            lent.pop()
        return found

    found = await asyncio.gather(*(borrow() for _ in range(20)))
    assert (most, len(set(found))) == (SIZE, SIZE)


async def test_a_wait_without_end_is_bounded_and_seen_in_the_trace(admin_dsn: str) -> None:
    pool = await asyncpg.create_pool(admin_dsn, min_size=0, max_size=SIZE)
    leases = Leases(pool, SIZE, 0.05, NullDatabaseMetrics())
    recording = Recording("1" * 32, "2" * 16, sampled=True)
    async with leases.acquire(), leases.acquire():
        with recorded(recording), pytest.raises(TimeoutError):
            await backend(leases)
    assert [(child.name, child.error) for child in recording.children] == [("wait for a connection", "TimeoutError")]
    assert await backend(leases), "the one that gave up took nothing with it"
    await asyncio.wait_for(leases.close(), 10)


async def test_a_connection_that_the_server_closed_is_replaced(leases: Leases, admin_dsn: str) -> None:
    first = await backend(leases)
    admin = await asyncpg.connect(admin_dsn)
    await admin.execute("SELECT pg_terminate_backend($1, 5000)", first)
    await admin.close()
    await asyncio.sleep(0.05)
    assert await backend(leases) != first


async def test_a_statement_that_fails_or_is_interrupted_leaves_a_working_connection(leases: Leases) -> None:
    for _ in range(SIZE + 1):
        with pytest.raises(asyncpg.DivisionByZeroError):
            async with leases.acquire() as connection:
                await connection.fetch("SELECT 1/0")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02), leases.acquire() as connection:
                await connection.fetch("SELECT pg_sleep(10)")
    assert await asyncio.gather(*(backend(leases) for _ in range(10)))


async def test_closing_waits_for_the_statement_that_runs(admin_dsn: str) -> None:
    pool = await asyncpg.create_pool(admin_dsn, min_size=0, max_size=SIZE)
    leases = Leases(pool, SIZE, 5, NullDatabaseMetrics())
    await backend(leases)
    running = asyncio.create_task(backend(leases))
    await asyncio.sleep(0)
    await asyncio.wait_for(leases.close(), 10)
    assert await running
