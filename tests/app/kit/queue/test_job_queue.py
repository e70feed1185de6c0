"""A job exists if and only if the transaction that enqueued it is committed."""

from collections.abc import Awaitable, Callable

import pytest
from pgqueuer.domain.models import AnyEvent
from pgqueuer.domain.settings import DBSettings
from sqlalchemy import text

from app.auth.job_names import SEND_TOKEN
from app.errors import Unavailable
from app.kit.db.listener import Listener, ListenerSettings
from app.kit.db.sessions import WriteSession
from app.kit.queue.job_queue import JobQueue
from app.kit.queue.requeue import requeue_job
from tests.support.app import TestApp
from tests.support.transactions import dsn_of, owner_of
from tests.support.waiting import eventually


async def jobs(test_app: TestApp) -> int:
    async with test_app.runtime.database.write() as session:
        carried, stored = [
            int(await session.scalar(text(f"SELECT count(*) FROM {table}")) or 0)  # noqa: S608 - constants
            for table in ("pgqueuer", "jobs")
        ]
    assert carried == stored
    return carried


@pytest.mark.parametrize("first", [True, False])
async def test_a_job_is_part_of_its_transaction(concurrent_app: TestApp, *, first: bool) -> None:
    """Also if it is the first statement of the transaction."""

    async def enqueue(session: WriteSession) -> None:
        if not first:
            await session.execute(text("SELECT 1"))
        await JobQueue(session).enqueue(SEND_TOKEN, {"token": "1"})
        assert await jobs(concurrent_app) == 0, "no other transaction sees it before the commit"

    async def commit(*, fails: bool) -> None:
        async with concurrent_app.runtime.database.write() as session:
            await enqueue(session)
            if fails:
                raise Unavailable

    with pytest.raises(Unavailable):
        await commit(fails=True)
    assert await jobs(concurrent_app) == 0
    await commit(fails=False)
    assert await jobs(concurrent_app) == 1


async def test_statements_of_the_driver_are_part_of_the_transaction(concurrent_app: TestApp) -> None:
    async def fail() -> None:
        async with concurrent_app.runtime.database.write() as session:
            await (await session.driver()).execute("CREATE TEMPORARY TABLE planted (id int)")
            raise Unavailable

    with pytest.raises(Unavailable):
        await fail()
    async with concurrent_app.runtime.database.write() as session:
        assert await session.scalar(text("SELECT to_regclass('planted')")) is None


async def enqueue(session: WriteSession) -> None:
    await JobQueue(session).enqueue(SEND_TOKEN, {"token": "1"})


async def retry(session: WriteSession) -> None:
    uid = await (await session.driver()).fetchval(
        "INSERT INTO jobs (uid, kind, params, status, finished_at)"
        " VALUES (gen_random_uuid(), $1, '{}', 'failed', now()) RETURNING uid",
        SEND_TOKEN.name,
    )
    assert await requeue_job(session, uid)


@pytest.mark.parametrize("act", [enqueue, retry])
async def test_a_commit_notifies_workers_in_the_form_of_pgqueuer(
    concurrent_app: TestApp, act: Callable[[WriteSession], Awaitable[None]]
) -> None:
    """Its trigger, which would notify inside the transaction, is disabled."""
    received: list[str | None] = []
    listener = Listener(ListenerSettings(dsn_of(concurrent_app), 5, "test listener"))
    listener.subscribe(DBSettings().channel, received.append)
    async with listener.running():

        async def connected() -> bool:
            return bool(received)

        await eventually(connected)
        async with concurrent_app.runtime.database.write() as session:
            await act(session)

        async def notified() -> bool:
            return len(received) > 1

        await eventually(notified)
    _, payload = received
    event = AnyEvent.model_validate_json(str(payload)).root
    assert (event.type, event.channel) == ("table_changed_event", DBSettings().channel)
    async with owner_of(concurrent_app.runtime.database) as owner:
        state = await owner.fetchval("SELECT tgenabled::text FROM pg_trigger WHERE tgname = 'tg_pgqueuer_changed'")
    assert state == "D"
