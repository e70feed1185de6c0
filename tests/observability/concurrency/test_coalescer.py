"""Those who ask at the same time share a call, and nobody is told what was known before the question."""

import asyncio
from typing import Any

import pytest

from observability.concurrency.coalescer import RequestCoalescer


class Table:
    """Answers as the database does, when it is let."""

    def __init__(self) -> None:
        self.rows: dict[int, Any] = {number: f"row {number}" for number in range(100)}
        self.statements: list[list[int]] = []
        self.turn = asyncio.Semaphore(0)
        self.failure: Exception | None = None

    async def fetch(self, keys: list[int]) -> list[Any]:
        self.statements.append(keys)
        # A statement sees what was there when it began.
        found = [self.rows.get(key) for key in keys]
        await self.turn.acquire()
        if self.failure is not None:
            raise self.failure
        return found


@pytest.fixture
def table() -> Table:
    return Table()


@pytest.fixture
def things(table: Table) -> RequestCoalescer[int, Any]:
    return RequestCoalescer(table.fetch)


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def ask(things: RequestCoalescer[int, Any], *keys: int) -> list[asyncio.Task[Any]]:
    tasks = [asyncio.create_task(things.get(key)) for key in keys]
    await settle()
    return tasks


async def test_the_first_asks_at_once_and_the_others_together(table: Table, things: RequestCoalescer[int, Any]) -> None:
    tasks = await ask(things, 1, 2, 3, 2, 404)
    assert table.statements == [[1]]
    table.turn.release()
    await settle()
    assert table.statements == [[1], [2, 3, 2, 404]]
    table.turn.release()
    assert await asyncio.gather(*tasks) == ["row 1", "row 2", "row 3", "row 2", None]


async def test_who_asks_after_a_change_is_told_of_it(table: Table, things: RequestCoalescer[int, Any]) -> None:
    early = await ask(things, 1)
    del table.rows[1]
    late = await ask(things, 1)
    for _ in range(2):
        table.turn.release()
        await settle()
    assert [await early[0], await late[0]] == ["row 1", None]


async def test_a_failure_is_that_of_all_it_was_to_serve(table: Table, things: RequestCoalescer[int, Any]) -> None:
    table.failure = TimeoutError("too slow")
    first, *others = await ask(things, 1, 2, 3)
    table.turn.release()
    await settle()
    table.turn.release()
    for task in (first, *others):
        with pytest.raises(TimeoutError, match="too slow"):
            await task
    table.failure = None
    table.turn.release()
    assert await asyncio.wait_for(things.get(4), 5) == "row 4"


async def test_whoever_goes_away_leaves_the_others_theirs(table: Table, things: RequestCoalescer[int, Any]) -> None:
    first, second, third = await ask(things, 1, 2, 3)
    first.cancel()
    second.cancel()
    await settle()
    assert table.statements == [[1], [2, 3]], "the first one's statement was given up with it"
    table.turn.release()
    assert await asyncio.wait_for(third, 5) == "row 3"
    assert first.cancelled()
    assert second.cancelled()


async def test_one_refusal_is_no_failure_of_the_others(table: Table, things: RequestCoalescer[int, Any]) -> None:
    table.rows[2] = KeyError("no such thing")
    first, second, third = await ask(things, 1, 2, 3)
    for _ in range(2):
        table.turn.release()
        await settle()
    assert [await first, await third] == ["row 1", "row 3"]
    with pytest.raises(KeyError, match="no such thing"):
        await second
    alone = await ask(things, 2)
    table.turn.release()
    with pytest.raises(KeyError, match="no such thing"):
        await alone[0]
