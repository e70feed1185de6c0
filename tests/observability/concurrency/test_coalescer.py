"""Concurrent callers share a call, and no caller receives a value that was read before its call."""

import asyncio
from contextvars import ContextVar
from typing import Any

import pytest

from observability.concurrency.coalescer import RequestCoalescer
from tests.support.waiting import PATIENCE


class Table:
    """A table whose statements return when ``turn`` is released."""

    def __init__(self) -> None:
        self.rows: dict[int, Any] = {number: f"row {number}" for number in range(100)}
        self.statements: list[list[int]] = []
        self.turn = asyncio.Semaphore(0)
        self.failure: Exception | None = None

    async def fetch(self, keys: list[int]) -> list[Any]:
        self.statements.append(keys)
        # A statement sees the rows as of its start.
        found = [self.rows.get(key) for key in keys]
        await self.turn.acquire()
        if self.failure is not None:
            raise self.failure
        return found


@pytest.fixture
def table() -> Table:
    return Table()


@pytest.fixture
def coalescer(table: Table) -> RequestCoalescer[int, Any]:
    return RequestCoalescer(table.fetch)


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def call(coalescer: RequestCoalescer[int, Any], *keys: int) -> list[asyncio.Task[Any]]:
    tasks = [asyncio.create_task(coalescer.get(key)) for key in keys]
    await settle()
    return tasks


async def test_calls_during_a_call_share_a_batch(table: Table, coalescer: RequestCoalescer[int, Any]) -> None:
    tasks = await call(coalescer, 1, 2, 3, 2, 404)
    assert table.statements == [[1]]
    table.turn.release()
    await settle()
    assert table.statements == [[1], [2, 3, 2, 404]]
    table.turn.release()
    assert await asyncio.gather(*tasks) == ["row 1", "row 2", "row 3", "row 2", None]


async def test_call_after_a_change_sees_the_change(table: Table, coalescer: RequestCoalescer[int, Any]) -> None:
    early = await call(coalescer, 1)
    del table.rows[1]
    late = await call(coalescer, 1)
    for _ in range(2):
        table.turn.release()
        await settle()
    assert [await early[0], await late[0]] == ["row 1", None]


async def test_failed_batch_fails_all_its_callers(table: Table, coalescer: RequestCoalescer[int, Any]) -> None:
    table.failure = TimeoutError("too slow")
    first, *others = await call(coalescer, 1, 2, 3)
    table.turn.release()
    await settle()
    table.turn.release()
    for task in (first, *others):
        with pytest.raises(TimeoutError, match="too slow"):
            await task
    table.failure = None
    table.turn.release()
    assert await asyncio.wait_for(coalescer.get(4), PATIENCE) == "row 4"


async def test_cancelled_callers_do_not_affect_others(table: Table, coalescer: RequestCoalescer[int, Any]) -> None:
    first, second, third = await call(coalescer, 1, 2, 3)
    first.cancel()
    second.cancel()
    await settle()
    assert table.statements == [[1], [2, 3]], "the statement of the first caller was cancelled with it"
    table.turn.release()
    assert await asyncio.wait_for(third, PATIENCE) == "row 3"
    assert first.cancelled()
    assert second.cancelled()


async def test_error_of_one_key_does_not_affect_others(table: Table, coalescer: RequestCoalescer[int, Any]) -> None:
    table.rows[2] = KeyError("no such thing")
    first, second, third = await call(coalescer, 1, 2, 3)
    for _ in range(2):
        table.turn.release()
        await settle()
    assert [await first, await third] == ["row 1", "row 3"]
    with pytest.raises(KeyError, match="no such thing"):
        await second
    alone = await call(coalescer, 2)
    table.turn.release()
    with pytest.raises(KeyError, match="no such thing"):
        await alone[0]


async def test_a_batch_does_not_run_in_the_context_of_the_request_that_starts_it() -> None:
    request: ContextVar[str] = ContextVar("request", default="none")
    seen: list[str] = []
    turn = asyncio.Semaphore(0)

    async def fetch(keys: list[int]) -> list[int]:
        seen.append(request.get())
        await turn.acquire()
        return keys

    coalescer: RequestCoalescer[int, int] = RequestCoalescer(fetch)
    request.set("first")
    calls = [asyncio.create_task(coalescer.get(key)) for key in range(2)]
    await settle()
    turn.release()
    turn.release()
    assert await asyncio.gather(*calls) == [0, 1]
    assert seen == ["first", "none"], (
        "a batch belongs to no request: spans and logs of one would contain those of others"
    )
