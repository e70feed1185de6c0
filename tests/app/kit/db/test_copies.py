"""Copies: bounded connections, callers that wait, a query that ends with its reader, and errors."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable

import asyncpg
import pytest
import pytest_asyncio
from sqlalchemy import Integer, Text, bindparam, cast, column, func, literal_column, select

from app.errors import TimedOut, Unavailable
from app.kit.db.copies import Chunks, CopiesBusy, CopyPool
from app.kit.db.statements import Read
from app.settings.database import DatabaseSettings
from tests.support.waiting import eventually, stretched

_SERIES = func.generate_series(1, bindparam("rows", type_=Integer)).table_valued(column("number", Integer))
_NUMBERS = _SERIES.render_derived()
NUMBERS = Read(select(_NUMBERS.c.number, func.repeat("x", 1000)))
SLOW = Read(select(cast(func.pg_sleep(3600), Text)))
FAILING = Read(select(literal_column("1") / (bindparam("rows", type_=Integer) - _NUMBERS.c.number)))
MANY = 1_000_000
CSV = {"format": "csv"}
BUSY = (
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE datname = current_database() AND application_name = 'strata export' AND state = 'active'"
)
Open = Callable[..., "asyncio.Future[CopyPool]"]


@pytest_asyncio.fixture(loop_scope="session")
async def server(admin_dsn: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A connection that watches the others."""
    connection = await asyncpg.connect(admin_dsn)
    yield connection
    await connection.close()


async def open_pool(admin_dsn: str, **changes: float) -> CopyPool:
    settings = DatabaseSettings(**{"export_wait": 0.2, **changes})  # type: ignore[arg-type]  # pydantic converts numbers
    return await CopyPool.open(admin_dsn, settings)


@pytest_asyncio.fixture(loop_scope="session")
async def pool(admin_dsn: str) -> AsyncIterator[CopyPool]:
    pool = await open_pool(admin_dsn)
    yield pool
    await pool.close()


async def test_a_copy_has_every_row_in_whole_rows(pool: CopyPool) -> None:
    async with pool.copy(NUMBERS, {"rows": 5000}, CSV) as chunks:
        received = [chunk async for chunk in chunks]
    assert len(received) > 1
    assert all(chunk.endswith(b"\n") for chunk in received)
    numbers = [int(line.partition(b",")[0]) for line in b"".join(received).splitlines()]
    assert numbers == list(range(1, 5001))
    assert chunks.complete


async def test_a_reader_that_pauses_is_waited_for(admin_dsn: str) -> None:
    """Longer than a statement of reads may take, and without reading ahead."""
    pool = await open_pool(admin_dsn, statement_timeout=0.1)
    size = 0
    async with pool.copy(NUMBERS, {"rows": 20_000}, CSV) as chunks:
        size += len(await anext(chunks))
        await asyncio.sleep(0.5)
        size += sum([len(chunk) async for chunk in chunks])
    assert size > 20_000_000
    await pool.close()


@pytest.mark.parametrize("read", [NUMBERS, SLOW])
async def test_a_query_ends_with_its_reader(
    pool: CopyPool, read: Read, server: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    async with pool.copy(read, {"rows": MANY} if read is NUMBERS else {}, CSV):
        await eventually(lambda: server.fetchval(BUSY))
        ended = time.perf_counter()

    async def is_over() -> bool:
        return not await server.fetchval(BUSY)

    await eventually(is_over)
    assert time.perf_counter() - ended < stretched(1)


async def test_a_cancelled_reader_ends_its_query(pool: CopyPool, server: "asyncpg.Connection[asyncpg.Record]") -> None:
    async def read() -> None:
        async with pool.copy(SLOW, {}, CSV) as chunks:
            await anext(chunks)

    task = asyncio.create_task(read())
    await eventually(lambda: server.fetchval(BUSY))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    async def is_over() -> bool:
        return not await server.fetchval(BUSY)

    await eventually(is_over)


async def copied(pool: CopyPool, rows: int) -> int:
    """The bytes of a copy that is read to its end."""
    async with pool.copy(NUMBERS, {"rows": rows}, CSV) as chunks:
        return sum([len(chunk) async for chunk in chunks])


async def test_connections_and_callers_that_wait_are_bounded(admin_dsn: str) -> None:
    pool = await open_pool(admin_dsn, export_pool_size=1, max_waiting_exports=1)
    async with pool.copy(NUMBERS, {"rows": MANY}, CSV) as chunks:
        await anext(chunks)
        waiting = asyncio.create_task(copied(pool, 1))
        await asyncio.sleep(0)
        with pytest.raises(CopiesBusy) as rejected:
            await copied(pool, 1)
        assert rejected.value.retry_after == 5
        with pytest.raises(CopiesBusy):
            await waiting
    assert await copied(pool, 1), "the connection is free again"
    await pool.close()


async def test_an_export_waits_for_a_connection(admin_dsn: str) -> None:
    pool = await open_pool(admin_dsn, export_pool_size=1, export_wait=stretched(20))
    async with pool.copy(NUMBERS, {"rows": MANY}, CSV) as chunks:
        await anext(chunks)
        waiting = asyncio.create_task(copied(pool, 1))
        await asyncio.sleep(0)
    assert await waiting
    await pool.close()


async def rest(chunks: Chunks) -> list[bytes]:
    return [chunk async for chunk in chunks]


async def test_an_error_is_raised_where_it_happens(pool: CopyPool) -> None:
    async with pool.copy(FAILING, {"rows": 1}, CSV) as chunks:
        with pytest.raises(Exception, match="cannot be stored"):
            await anext(chunks)
    async with pool.copy(FAILING, {"rows": MANY}, CSV) as chunks:
        assert await anext(chunks)
        with pytest.raises(Exception, match="cannot be stored"):
            await rest(chunks)
    assert not chunks.complete


async def test_an_export_has_a_deadline(admin_dsn: str) -> None:
    pool = await open_pool(admin_dsn, export_timeout=0.1)
    async with pool.copy(SLOW, {}, CSV) as chunks:
        with pytest.raises((Unavailable, TimedOut)):
            await anext(chunks)
    await pool.close()


async def test_a_server_that_is_down_is_reported(tmp_path: object) -> None:
    pool = await CopyPool.open(f"postgresql:///postgres?host={tmp_path}", DatabaseSettings())
    with pytest.raises(Unavailable) as error:
        await pool.copy(SLOW, {}, CSV).__aenter__()
    assert not isinstance(error.value, CopiesBusy)
    await pool.close()
