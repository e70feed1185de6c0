"""Those who ask at the same time share a statement, and nobody is told what was read before the question."""

import asyncio
from typing import Any

import pytest

from app.db.gathering import Gathering
from observability.tracing.recording import Recording, recorded

SPAN: tuple[str, dict[str, Any]] = ("SELECT things", {})


class Table:
    """Answers as the database does, when it is let."""

    def __init__(self) -> None:
        self.rows: dict[int, Any] = {number: {"id": number} for number in range(100)}
        self.statements: list[list[int]] = []
        self.turn = asyncio.Semaphore(0)
        self.failure: Exception | None = None

    async def fetch(self, keys: list[int]) -> list[Any]:
        self.statements.append(sorted(keys))
        # A statement sees what was there when it began.
        found = [self.rows[key] for key in keys if key in self.rows]
        await self.turn.acquire()
        if self.failure is not None:
            raise self.failure
        return found


@pytest.fixture
def table() -> Table:
    return Table()


@pytest.fixture
def things(table: Table) -> Gathering:
    return Gathering(table.fetch, "id", SPAN)


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def ask(things: Gathering, *keys: int) -> list[asyncio.Task[Any]]:
    tasks = [asyncio.create_task(things.row(key)) for key in keys]
    await settle()
    return tasks


async def test_the_first_asks_at_once_and_the_others_together(table: Table, things: Gathering) -> None:
    tasks = await ask(things, 1, 2, 3, 2, 404)
    assert table.statements == [[1]]
    table.turn.release()
    await settle()
    assert table.statements == [[1], [2, 3, 404]]
    table.turn.release()
    assert await asyncio.gather(*tasks) == [{"id": 1}, {"id": 2}, {"id": 3}, {"id": 2}, None]


async def test_who_asks_after_a_change_is_told_of_it(table: Table, things: Gathering) -> None:
    early = await ask(things, 1)
    del table.rows[1]
    late = await ask(things, 1)
    for _ in range(2):
        table.turn.release()
        await settle()
    assert [await early[0], await late[0]] == [{"id": 1}, None]


async def test_a_failure_is_everybodys_it_was_to_serve_and_nobody_elses(table: Table, things: Gathering) -> None:
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
    assert await asyncio.wait_for(things.row(4), 5) == {"id": 4}


async def test_whoever_goes_away_leaves_the_others_theirs(table: Table, things: Gathering) -> None:
    first, second, third = await ask(things, 1, 2, 3)
    first.cancel()
    second.cancel()
    await settle()
    assert table.statements == [[1], [2, 3]], "the first one's statement was given up with it"
    table.turn.release()
    assert await asyncio.wait_for(third, 5) == {"id": 3}
    assert first.cancelled()
    assert second.cancelled()


async def test_each_who_waits_has_a_span_of_its_own(table: Table, things: Gathering) -> None:
    recordings = [Recording("1" * 32, "2" * 16, sampled=True) for _ in range(2)]

    async def traced(recording: Recording, key: int) -> None:
        with recorded(recording):
            await things.row(key)

    first = await ask(things, 1)
    tasks = [asyncio.create_task(traced(recording, 5)) for recording in recordings]
    await settle()
    for _ in range(2):
        table.turn.release()
        await settle()
    await asyncio.gather(*first, *tasks)
    assert [[child.name for child in recording.children] for recording in recordings] == [["SELECT things"]] * 2
