"""Nudges are sent after a commit, together, and reach listeners again after the loss of their connection."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic

import pytest
from sqlalchemy import text

from app.errors import Unavailable
from app.kit.db import nudges
from app.kit.db.database import Database
from app.kit.db.listener import Listener, ListenerSettings
from app.kit.db.sessions import Nudge
from app.settings.database import DatabaseSettings
from tests.support.app import TestApp
from tests.support.postgres import end_sessions, owner_dsn
from tests.support.transactions import database_of, dsn_of
from tests.support.waiting import eventually

CHANNEL = "toy"


@asynccontextmanager
async def listening(dsn: str) -> AsyncIterator[list[str | None]]:
    received: list[str | None] = []
    listener = Listener(ListenerSettings(dsn, 5, "test listener"))
    listener.subscribe(CHANNEL, received.append)
    async with listener.running():

        async def connected() -> bool:
            return bool(received)

        await eventually(connected)
        yield received


async def commit(database: Database, *nudges: Nudge, fails: bool = False) -> None:
    async with database.write() as session:
        await session.execute(text("SELECT 1"))
        for nudge in nudges:
            session.nudge(nudge)
        if fails:
            raise Unavailable


async def test_a_commit_sends_its_nudges_and_a_rollback_sends_none(concurrent_app: TestApp) -> None:
    database = database_of(concurrent_app)
    async with listening(dsn_of(concurrent_app)) as received:
        with pytest.raises(Unavailable):
            await commit(database, Nudge(CHANNEL, "rolled back"), fails=True)
        await commit(database, Nudge(CHANNEL, "committed"))

        async def came() -> bool:
            return "committed" in received

        await eventually(came)
    assert received == [None, "committed"]


async def test_nudges_of_many_commits_are_sent_together(
    concurrent_app: TestApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last of those that replace each other, and each of the others once."""
    assert nudges._SECONDS <= 0.1, "what a listener waits"
    monkeypatch.setattr(nudges, "_SECONDS", 0.5)
    started = monotonic()
    database = database_of(concurrent_app)
    async with listening(dsn_of(concurrent_app)) as received:
        for number in range(40):
            await commit(database, Nudge(CHANNEL, str(number)), Nudge(CHANNEL, "job", replaces=False))

        async def last_came() -> bool:
            return "39" in received

        await eventually(last_came)
    numbers = [value for value in received if value not in {None, "job"}]
    assert numbers == sorted(numbers, key=lambda value: int(value or 0))
    # The first ones are sent at once, those of each pause together, and those after the last pause.
    batches = (monotonic() - started) / 0.5 + 2
    assert len([value for value in received if value is not None]) <= 2 * batches
    assert "job" in received


async def test_a_process_that_ends_sends_what_is_pending(concurrent_app: TestApp) -> None:
    dsn = dsn_of(concurrent_app)
    database = await Database.open(dsn, concurrent_app.runtime.settings[DatabaseSettings])
    async with listening(dsn) as received:
        await commit(database, Nudge(CHANNEL, "first"))
        await commit(database, Nudge(CHANNEL, "last"))
        await database.close()

        async def last_came() -> bool:
            return "last" in received

        await eventually(last_came)


async def test_a_listener_connects_again_and_says_so(concurrent_app: TestApp) -> None:
    dsn = dsn_of(concurrent_app)
    async with listening(dsn) as received:
        await end_sessions(owner_dsn(dsn))

        async def connected_again() -> bool:
            return received.count(None) > 1

        await eventually(connected_again)
        database = database_of(concurrent_app)

        async def nudged() -> bool:
            # The first commit may find its connection ended.
            try:
                await commit(database, Nudge(CHANNEL, "again"))
            except Unavailable:
                await asyncio.sleep(0)
            return "again" in received

        await eventually(nudged)


async def test_a_lost_nudge_fails_no_commit(concurrent_app: TestApp, monkeypatch: pytest.MonkeyPatch) -> None:
    database = database_of(concurrent_app)

    def refuse() -> None:
        raise TimeoutError

    monkeypatch.setattr(database._notifier, "_connections", type("Full", (), {"acquire": staticmethod(refuse)}))
    await commit(database, Nudge(CHANNEL, "lost"))
    monkeypatch.undo()
    async with listening(dsn_of(concurrent_app)) as received:
        await asyncio.sleep(0.05)
        await commit(database, Nudge(CHANNEL, "sent"))

        async def came() -> bool:
            return "sent" in received

        await eventually(came)
    assert "lost" not in received
