"""Connections that statements pass on: none is lost, none is kept for ever, and callers are served in order."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from app.kit.db import connection_pool
from app.kit.db.connection_pool import ConnectionPool
from app.kit.db.instrumentation import NullDatabaseMetrics
from tests.support.waiting import PATIENCE

SIZE = 2


async def backend(pool: ConnectionPool) -> int:
    async with pool.acquire() as connection:
        return int(await connection.fetchval("SELECT pg_backend_pid()"))


async def test_a_caller_that_waits_gets_the_connection_before_a_later_one(admin_dsn: str) -> None:
    driver_pool = await asyncpg.create_pool(admin_dsn, min_size=0, max_size=1)
    pool = ConnectionPool(driver_pool, 5, 30, NullDatabaseMetrics())
    served: list[int] = []

    async def use(number: int) -> None:
        async with pool.acquire():
            served.append(number)
            await asyncio.sleep(0)

    async with pool.acquire():
        waiting = [asyncio.create_task(use(number)) for number in range(3)]
        await asyncio.sleep(0)
    await use(3)
    await asyncio.gather(*waiting)
    assert served == [0, 1, 2, 3]
    await asyncio.wait_for(pool.close(), PATIENCE)


@dataclass
class Clocked:
    """A pool whose time the test sets, and the driver's pool below it."""

    pool: ConnectionPool
    driver: "asyncpg.Pool[asyncpg.Record]"
    now: float = 1_000.0


@pytest_asyncio.fixture(loop_scope="session")
async def clocked(admin_dsn: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Clocked]:
    driver_pool = await asyncpg.create_pool(admin_dsn, min_size=0, max_size=SIZE)
    found = Clocked(ConnectionPool(driver_pool, 5, 30, NullDatabaseMetrics()), driver_pool)
    monkeypatch.setattr(connection_pool, "perf_counter", lambda: found.now)
    yield found
    await asyncio.wait_for(found.pool.close(), PATIENCE)


@pytest_asyncio.fixture(loop_scope="session")
async def single(admin_dsn: str) -> AsyncIterator[ConnectionPool]:
    """A pool of one connection."""
    driver_pool = await asyncpg.create_pool(admin_dsn, min_size=0, max_size=1)
    pool = ConnectionPool(driver_pool, 5, 30, NullDatabaseMetrics())
    yield pool
    await asyncio.wait_for(pool.close(), PATIENCE)


async def test_connections_are_kept_between_statements_for_their_time(clocked: Clocked) -> None:
    pool, driver_pool = clocked.pool, clocked.driver
    async with pool.acquire() as first, pool.acquire() as second:
        assert first is not second
    assert (driver_pool.get_size(), driver_pool.get_idle_size()) == (2, 0)
    for _ in range(SIZE):
        async with pool.acquire() as again:
            assert again is first, "the connection that was used last"
    clocked.now += connection_pool._KEPT_SECONDS - 1
    await backend(pool)
    assert driver_pool.get_idle_size() == 0
    clocked.now += 1
    await backend(pool)
    assert driver_pool.get_idle_size() == 1, "the driver's pool has the connection again"
    async with pool.acquire() as last:
        assert last is second
    assert driver_pool.get_idle_size() == 2
    await backend(pool)
    assert driver_pool.get_idle_size() == 1, "kept for another minute"


async def test_a_connection_that_is_used_seldom_goes_back_when_another_one_is_kept(clocked: Clocked) -> None:
    pool, driver_pool = clocked.pool, clocked.driver
    first, second = pool.acquire(), pool.acquire()
    await first.__aenter__()
    clocked.now += 30
    await second.__aenter__()
    await first.__aexit__(None, None, None)
    await second.__aexit__(None, None, None)
    assert driver_pool.get_idle_size() == 0
    clocked.now += connection_pool._KEPT_SECONDS - 30
    await backend(pool)
    assert (driver_pool.get_size(), driver_pool.get_idle_size()) == (2, 1)


@pytest.mark.parametrize("is_open", [True, False])
async def test_a_caller_that_leaves_when_it_is_served_takes_nothing_with_it(
    single: ConnectionPool, *, is_open: bool
) -> None:
    async with single.acquire() as connection:
        leaving, next_ = (asyncio.create_task(backend(single)) for _ in range(2))
        await asyncio.sleep(0)
        if not is_open:
            connection.terminate()
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert await asyncio.wait_for(next_, PATIENCE)
    alone = asyncio.create_task(backend(single))
    async with single.acquire() as connection:
        await asyncio.sleep(0)
        if not is_open:
            connection.terminate()
    alone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await alone
    assert await backend(single)


async def test_a_caller_that_waits_opens_a_connection_when_the_other_one_is_lost(single: ConnectionPool) -> None:
    async with single.acquire() as connection:
        lost = await connection.fetchval("SELECT pg_backend_pid()")
        waiting = asyncio.create_task(backend(single))
        await asyncio.sleep(0)
        connection.terminate()
    assert await asyncio.wait_for(waiting, PATIENCE) != lost


async def test_a_connection_that_cannot_be_opened_takes_no_place(admin_dsn: str) -> None:
    is_down = True

    async def connect(*arguments: Any, **options: Any) -> "asyncpg.Connection[asyncpg.Record]":
        await asyncio.sleep(0)
        if is_down:
            raise ConnectionRefusedError
        return await asyncpg.connect(*arguments, **options)

    driver_pool = await asyncpg.create_pool(admin_dsn, min_size=0, max_size=1, connect=connect)
    pool = ConnectionPool(driver_pool, 5, 30, NullDatabaseMetrics())
    failures = await asyncio.gather(*(backend(pool) for _ in range(3)), return_exceptions=True)
    assert [type(failure) for failure in failures] == [ConnectionRefusedError] * 3
    is_down = False
    assert await backend(pool)
    await asyncio.wait_for(pool.close(), PATIENCE)
