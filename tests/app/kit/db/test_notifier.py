"""A process sends each nudge once, not more often than it promises, and outside of the request that caused it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any, cast

import pytest

from app.kit.db import batches, nudges
from app.kit.db.batches import delete_in_batches
from app.kit.db.database import UnitOfWork
from app.kit.db.nudges import Notifier
from app.kit.db.sessions import Nudge, WriteSession
from tests.support.waiting import eventually

NEVER = 3600.0
REQUEST: ContextVar[str] = ContextVar("REQUEST", default="none")
TOYS = "toys"


class Server:
    """Records what is sent, and in which context, after raising the given errors."""

    def __init__(self, *errors: Exception) -> None:
        self.sent: list[list[str]] = []
        self.contexts: list[str] = []
        self._errors = list(errors)

    @asynccontextmanager
    async def acquire(self, _operation: str = "select") -> AsyncIterator["Server"]:
        self.contexts.append(REQUEST.get())
        await asyncio.sleep(0)
        if self._errors:
            raise self._errors.pop(0)
        yield self

    async def execute(self, _statement: str, channels: list[str], payloads: list[str]) -> None:
        assert set(channels) == {TOYS}
        self.sent.append(payloads)

    async def reach(self, number: int) -> None:
        async def reached() -> bool:
            return len(self.sent) >= number

        await eventually(reached)


async def idle() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


def toy(name: str, *, replaces: bool = True) -> Nudge:
    return Nudge(TOYS, name, replaces)


async def test_nudges_that_come_meanwhile_are_sent_together_after_the_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    assert 0.005 <= nudges._SECONDS <= 0.1
    monkeypatch.setattr(nudges, "_SECONDS", NEVER)
    server = Server()
    notifier = Notifier(server)
    notifier.send([toy("first")])
    await server.reach(1)
    notifier.send([toy("second"), toy("a", replaces=False)])
    notifier.send([toy("third"), toy("b", replaces=False), toy("a", replaces=False)])
    await idle()
    assert server.sent == [["first"]]
    monkeypatch.setattr(nudges, "_CLOSE_SECONDS", 0.01)
    await notifier.close()


async def test_nudges_replace_each_other_where_they_say_so() -> None:
    server = Server()
    notifier = Notifier(server)
    notifier.send([toy("first"), toy("a", replaces=False), toy("b", replaces=False)])
    notifier.send([toy("second"), toy("a", replaces=False)])
    await notifier.close()
    assert server.sent == [["second", "a", "b"]]


async def test_each_nudge_is_sent_once_also_long_after_the_others() -> None:
    server = Server()
    notifier = Notifier(server)
    for number in range(3):
        notifier.send([toy(str(number))])
        notifier.send([])
        await notifier.close()
    assert server.sent == [["0"], ["1"], ["2"]]


async def test_a_failure_does_not_lose_what_came_meanwhile() -> None:
    server = Server(TimeoutError())
    notifier = Notifier(server)
    notifier.send([toy("lost")])
    await asyncio.sleep(0)
    notifier.send([toy("sent")])
    await server.reach(1)
    assert server.sent == [["sent"]]


async def test_a_nudge_leaves_the_deadline_and_the_trace_of_its_request_behind() -> None:
    server = Server()
    token = REQUEST.set("of a user")
    notifier = Notifier(server)
    notifier.send([toy("first")])
    await notifier.close()
    REQUEST.reset(token)
    assert (server.sent, server.contexts) == ([["first"]], ["none"])


class Transactions:
    """A database whose transactions delete the given numbers of rows."""

    def __init__(self, *deleted: int) -> None:
        self._deleted = list(deleted)
        self.committed = 0

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Any]:
        yield self
        self.committed += 1

    async def delete(self, session: WriteSession) -> int:
        assert cast("Any", session) is self
        assert len(self._deleted) > 0, "nothing is left"
        return self._deleted.pop(0)


@pytest.mark.parametrize("last", [0, 3])
async def test_rows_are_deleted_in_a_transaction_for_each_batch(last: int) -> None:
    assert 100 <= batches.BATCH <= 10_000, "none of them holds its locks for long"
    database = Transactions(batches.BATCH, batches.BATCH, last)
    assert await delete_in_batches(cast("UnitOfWork", database), database.delete) == 2 * batches.BATCH + last
    assert database.committed == 3
