"""A write of one statement: it runs again only if it certainly had no effect, and leaves connections to reads."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from sqlalchemy import Integer, column, table, update
from structlog.testing import capture_logs

from app.errors import DomainError, TimedOut, Unavailable
from app.kit.db.errors import Retryable
from app.kit.db.instrumentation import NullDatabaseMetrics
from app.kit.db.single_writes import SingleWrites
from app.kit.db.statements import Write
from tests.support.waiting import PATIENCE

_TOYS = table("toys", column("id", Integer))
WRITE = Write(update(_TOYS).values(id=7).returning(_TOYS.c.id))


class Server:
    """Fails with the given errors, then returns a row; ``free`` lets statements end."""

    def __init__(self, *errors: Exception, connects: bool = True) -> None:
        self._errors = list(errors)
        self._connects = connects
        self.attempts: list[str] = []
        self.running = 0
        self.free = asyncio.Event()
        self.free.set()

    @asynccontextmanager
    async def acquire(self, operation: str = "select") -> AsyncIterator["Server"]:
        self.attempts.append(operation)
        if not self._connects and self._errors:
            raise self._errors.pop(0)
        yield self

    async def fetch(self, statement: str, *arguments: Any) -> list[tuple[str, Any]]:
        if self._errors:
            raise self._errors.pop(0)
        self.running += 1
        await self.free.wait()
        self.running -= 1
        return [(statement, *arguments)]


def writes(server: Server, limit: int = 1, timeout: float = PATIENCE) -> SingleWrites:
    return SingleWrites(server, limit, timeout, NullDatabaseMetrics())


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.DeadlockDetectedError("40P01"),
        asyncpg.SerializationError("40001"),
        asyncpg.InvalidCachedStatementError("a migration changed the table"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_a_write_that_was_rejected_runs_again_once(error: Exception) -> None:
    server = Server(error)
    assert await writes(server).write(WRITE) == (WRITE.sql, 7)
    assert server.attempts == ["UPDATE", "UPDATE"]
    with pytest.raises(Retryable):
        await writes(Server(error, error)).write(WRITE)


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
        asyncpg.AdminShutdownError("terminating connection"),
        ConnectionResetError(),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_a_write_whose_outcome_is_unknown_does_not_run_again(error: Exception) -> None:
    server = Server(error)
    with pytest.raises(Unavailable) as raised:
        await writes(server).write(WRITE)
    assert not isinstance(raised.value, Retryable), "the route would run again"
    assert raised.value.retry_after is not None
    assert len(server.attempts) == 1


async def test_a_write_that_was_not_sent_runs_again() -> None:
    server = Server(ConnectionResetError(), connects=False)
    assert await writes(server).write(WRITE) == (WRITE.sql, 7)


async def test_another_error_is_translated() -> None:
    """A deferred constraint fails in the commit, which only an operator can help."""
    with pytest.raises(TimedOut):
        await writes(Server(asyncpg.QueryCanceledError("57014"))).write(WRITE)
    with pytest.raises(Unavailable) as raised, capture_logs() as lines:
        await writes(Server(asyncpg.CheckViolationError("23514"))).write(WRITE)
    assert not isinstance(raised.value, Retryable)
    assert [line["event"] for line in lines] == ["commit_failed"]
    with pytest.raises(ZeroDivisionError):
        await writes(Server(ZeroDivisionError())).write(WRITE)


async def test_writes_that_wait_for_locks_leave_connections_to_reads() -> None:
    server = Server()
    server.free.clear()
    limited = writes(server, limit=2)
    waiting = [asyncio.create_task(limited.write(WRITE)) for _ in range(5)]
    for _ in range(10):
        await asyncio.sleep(0)
    assert server.running == 2
    server.free.set()
    async with asyncio.timeout(PATIENCE):
        assert len(await asyncio.gather(*waiting)) == 5
    server.free.clear()
    hurried = writes(server, timeout=0.01)
    holder = asyncio.create_task(hurried.write(WRITE))
    await asyncio.sleep(0)
    with pytest.raises(DomainError) as raised:
        await hurried.write(WRITE)
    assert isinstance(raised.value, Unavailable)
    server.free.set()
    await holder
