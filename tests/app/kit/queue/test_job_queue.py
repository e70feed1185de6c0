"""A job exists if and only if the transaction that enqueued it is committed."""

import pytest
from sqlalchemy import text

from app.auth.job_names import SEND_TOKEN
from app.errors import Unavailable
from app.kit.db.sessions import WriteSession
from app.kit.queue.job_queue import JobQueue
from tests.support.app import TestApp


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
