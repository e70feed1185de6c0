"""The buffer of one process: what each request adds, and what a failed flush keeps."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from app.errors import Unavailable
from app.models.usage import ANONYMOUS
from app.usage import buffer as module
from app.usage.buffer import UsageBuffer
from app.usage.repository import UsageDelta, UsageRepository

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


class Written:
    """A database that keeps what a flush writes, or fails after ``meanwhile`` ran."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.deltas: list[UsageDelta] = []
        self.sequences: list[int] = []
        self.meanwhile: Any = None
        written = self

        async def add(
            _repository: UsageRepository, _process: UUID, sequence: int, deltas: tuple[UsageDelta, ...], _now: datetime
        ) -> None:
            written.sequences.append(sequence)
            if written.meanwhile is not None:
                written.meanwhile()
                raise Unavailable
            written.deltas += deltas

        monkeypatch.setattr(UsageRepository, "add_once", add)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Any]:
        yield None


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Any:
    return Written(monkeypatch)


def request(buffer: UsageBuffer, status: int, *, deprecated: bool = False, at: datetime = NOON) -> None:
    buffer.record_request("v901", "posts.list", "ada", at, status=status, seconds=0.02, deprecated=deprecated)


@pytest.mark.parametrize(
    ("status", "errors", "rejections", "timed"),
    [
        (200, 0, 0, True),
        (304, 0, 0, True),
        (399, 0, 0, True),
        (400, 1, 0, True),
        (404, 1, 0, True),
        (498, 1, 0, True),
        (499, 0, 0, True),
        (500, 1, 0, True),
        (503, 1, 0, True),
        (410, 0, 1, False),
        (429, 0, 1, False),
    ],
)
async def test_what_a_response_adds(
    database: Written,
    status: int,
    errors: int,
    rejections: int,
    timed: bool,  # noqa: FBT001 - an expected fact
) -> None:
    """Twice, so that a count is no mark. A client that left is no error, and a rejected request has no duration."""
    buffer = UsageBuffer(lambda: None)
    for _ in range(2):
        request(buffer, status)
    request(buffer, status, deprecated=True)
    request(buffer, status, deprecated=True)
    await buffer.flush(database)
    (delta,) = database.deltas
    assert (delta.requests, delta.errors, delta.rejections) == (4, 4 * errors, 4 * rejections)
    assert delta.deprecated_calls == 2
    assert sum(delta.latencies) == (4 if timed else 0)
    database.deltas = []
    await buffer.flush(database)
    assert database.deltas == [], "nothing is written twice"


async def test_uses_of_deprecated_features_are_counted_apart(database: Written) -> None:
    buffer = UsageBuffer(lambda: None)
    for feature, times in (("query:sort", 3), ("header:x", 2)):
        for _ in range(times):
            buffer.record("v901", "posts.list", feature, None, NOON)
    buffer.record("v901", "posts.list", "query:sort", "ada", NOON)
    buffer.record("v901", "posts.list", "query:sort", None, NOON + timedelta(days=1))
    await buffer.flush(database)
    found = {(delta.feature, delta.consumer, delta.day.day): delta.requests for delta in database.deltas}
    assert found == {
        ("query:sort", ANONYMOUS, 10): 3,
        ("header:x", ANONYMOUS, 10): 2,
        ("query:sort", "ada", 10): 1,
        ("query:sort", ANONYMOUS, 11): 1,
    }


async def test_a_failed_flush_is_repeated_before_what_was_counted_meanwhile(database: Written) -> None:
    buffer = UsageBuffer(lambda: None)
    request(buffer, 200, at=NOON)
    request(buffer, 429, at=NOON)
    request(buffer, 404, deprecated=True, at=NOON + 9 * SECOND)

    def meanwhile() -> None:
        for at in (NOON + SECOND, NOON + 20 * SECOND):
            request(buffer, 200, at=at)
            request(buffer, 429, at=at)
            request(buffer, 404, deprecated=True, at=at)

    database.meanwhile = meanwhile
    with pytest.raises(Unavailable):
        await buffer.flush(database)
    database.meanwhile = None
    await buffer.flush(database)
    first, second = database.deltas
    assert database.sequences == [1, 1, 2]
    assert (first.requests, first.errors, first.rejections, first.deprecated_calls) == (3, 1, 1, 1)
    assert (second.requests, second.errors, second.rejections, second.deprecated_calls) == (6, 2, 2, 2)
    assert (sum(first.latencies), sum(second.latencies)) == (2, 4)
    assert (first.first_seen, first.last_seen) == (NOON, NOON + 9 * SECOND)
    assert (second.first_seen, second.last_seen) == (NOON + SECOND, NOON + 20 * SECOND)


async def test_the_first_and_the_last_moment_whatever_the_order(database: Written) -> None:
    buffer = UsageBuffer(lambda: None)
    for seconds in (5, 9, 2, 7):
        request(buffer, 200, at=NOON + seconds * SECOND)
    await buffer.flush(database)
    (delta,) = database.deltas
    assert (delta.first_seen, delta.last_seen) == (NOON + 2 * SECOND, NOON + 9 * SECOND)


async def test_a_full_buffer_still_counts_what_it_knows(database: Written) -> None:
    """While a flush fails, it also counts as much as between two others."""
    dropped: list[None] = []
    buffer = UsageBuffer(lambda: dropped.append(None), limit=2)
    for name in ("one", "two", "three", "one", "two", "three"):
        buffer.record("v901", name, "", None, NOON)
    assert len(dropped) == 2
    database.meanwhile = lambda: [buffer.record("v901", name, "", None, NOON) for name in ("three", "one")]
    with pytest.raises(Unavailable):
        await buffer.flush(database)
    assert len(dropped) == 2
    database.meanwhile = None
    await buffer.flush(database)
    found = [(delta.operation, delta.requests) for delta in database.deltas]
    assert found == [("one", 2), ("two", 2), ("three", 1), ("one", 1)]


def test_the_buffer_of_a_process_has_room_for_20_000_keys() -> None:
    dropped: list[None] = []
    buffer = UsageBuffer(lambda: dropped.append(None))
    assert module.LIMIT == 20_000
    for number in range(module.LIMIT + 1):
        buffer.record("v901", str(number), "", None, NOON)
    assert len(dropped) == 1
