"""How evidence waits and is counted in a process, and what of it the database keeps how long."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import cast
from uuid import UUID

import pytest

from app.access.principal import Role
from app.errors import Unavailable
from app.kit.clock import utc_now
from app.kit.db.database import UnitOfWork
from app.usage.queries import WatchQueries
from app.usage.repository import EvidenceRepository
from app.usage.service import RETENTION, UsageService
from tests.app.usage.test_evidence import NOON, buffer_of, observation, stored
from tests.support.app import TestApp
from tests.support.lost_replies import Unreachable
from tests.support.transactions import rows


async def test_a_row_that_is_written_takes_no_room_of_a_new_one(test_app: TestApp) -> None:
    dropped: list[tuple[str, int]] = []
    buffer = buffer_of(dropped, rows_per_day=2)
    for consumers in ("a", "ab"):
        for consumer in consumers:
            buffer.add(observation(consumer))
        await buffer.flush(test_app.runtime.database)
    assert dropped == []
    assert {consumer: row["observed"] for (_, consumer), row in (await stored(test_app)).items()} == {"a": 2, "b": 1}


async def test_the_lag_is_the_age_of_the_oldest_evidence(test_app: TestApp) -> None:
    buffer = buffer_of()
    for consumer, seconds in (("a", 5), ("b", 2), ("c", 7)):
        buffer.add(observation(consumer, at=NOON + timedelta(seconds=seconds)))
    now = NOON + timedelta(seconds=9)
    assert buffer.lag(now) == 7
    with pytest.raises(Unavailable):
        await buffer.flush(cast("UnitOfWork", Unreachable()))
    buffer.add(observation("d", at=NOON + timedelta(seconds=8)))
    assert buffer.lag(now) == 7, "also while its flush fails"
    await buffer.flush(test_app.runtime.database)
    assert buffer.lag(now) == 0
    buffer.add(observation("e", at=now))
    assert buffer.lag(NOON) == 0, "a clock that was set back gives no negative lag"


async def test_a_rejected_request_is_no_random_observation(test_app: TestApp) -> None:
    """Ratios divide by the random observations: those of rejected requests would lower them."""
    buffer = buffer_of()
    for accepted in (True, False):
        buffer.add(replace(observation(), accepted=accepted))
    await buffer.flush(test_app.runtime.database)
    (row,) = (await stored(test_app)).values()
    assert (row["observed"], row["random"], row["elements"]["query"]["present"]) == (1, 1, 2)


async def test_the_day_of_evidence_is_that_of_utc(test_app: TestApp) -> None:
    buffer = buffer_of()
    buffer.add(observation(at=datetime(2026, 3, 11, 1, tzinfo=timezone(timedelta(hours=2)))))
    await buffer.flush(test_app.runtime.database)
    (row,) = (await stored(test_app)).values()
    assert row["day"] == datetime(2026, 3, 10, tzinfo=UTC).date()


async def test_a_second_watch_replaces_the_end_of_the_first(test_app: TestApp) -> None:
    hour = timedelta(hours=1)
    for lasting in (hour, 5 * hour):
        async with test_app.runtime.database.write() as session:
            await UsageService(session).watch("ada", lasting)
    queries = WatchQueries(test_app.runtime.database.reads)
    now = utc_now()
    assert await queries.watched(now + 4 * hour) == {"ada"}
    assert await queries.watched(now + 6 * hour) == set()


async def test_a_purge_keeps_what_is_in_use(test_app: TestApp) -> None:
    """A watch that has not ended, evidence of the oldest day, and a flush that its process may repeat."""
    ada = await test_app.person("ada@example.com", Role.READER)
    database, day = test_app.runtime.database, timedelta(days=1)
    buffer = buffer_of()
    for at in (NOON - RETENTION, NOON - RETENTION - day):
        buffer.add(observation(str(ada.key_uid), at=at))
    await buffer.flush(database)
    async with database.write() as session:
        for number, at in enumerate((NOON - 6 * day, NOON - 8 * day)):
            await EvidenceRepository(session).add(UUID(int=number), 1, (), 1, at)
        await EvidenceRepository(session).watch("ada", NOON + day)
        await EvidenceRepository(session).watch("ended", NOON - day)
    async with database.write() as session:
        await UsageService(session).purge(NOON)
    assert [row["day"] for row in (await stored(test_app)).values()] == [(NOON - RETENTION).date()]
    assert [row["consumer"] for row in await rows(test_app, "SELECT consumer FROM usage_watches")] == ["ada"]
    processes = {row["process"] for row in await rows(test_app, "SELECT process FROM usage_flushes")}
    assert UUID(int=0) in processes, "a week is as long as a process may be without the database"
    assert UUID(int=1) not in processes
