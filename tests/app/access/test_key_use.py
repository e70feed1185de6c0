"""When and in which order a process writes the uses of API keys."""

import asyncio
from datetime import timedelta
from typing import cast

import pytest
from sqlalchemy import select

from app.access.commands import KeyDraft
from app.access.key_use import KeyUse
from app.access.repository import ApiKeyRepository
from app.access.service import ApiKeyService
from app.errors import Unavailable
from app.kit.clock import utc_now
from app.kit.db.database import UnitOfWork
from app.models import ApiKey
from tests.support.app import Person, TestApp
from tests.support.transactions import ensure_locked_first

HOUR = timedelta(hours=1)


async def create(test_app: TestApp, person: Person) -> ApiKey:
    async with test_app.runtime.database.write() as session:
        key, _ = await ApiKeyService(session).create(KeyDraft(person.user.id, "ci", []))
    return key


async def test_uses_of_keys_are_written_in_the_order_of_the_keys(concurrent_app: TestApp) -> None:
    """Two processes that have used the same keys in different orders would wait for each other."""
    ada = await concurrent_app.person("ada@example.com")
    first, second = [await create(concurrent_app, ada) for _ in range(2)]
    used = {key.uid: utc_now() for key in (second, first)}
    await ensure_locked_first(
        concurrent_app,
        "api_keys",
        f"id = {first.id}",
        f"id = {second.id}",
        lambda session: ApiKeyRepository(session).record_uses(used),
    )


@pytest.mark.parametrize("error", [Unavailable, asyncio.CancelledError])
async def test_uses_that_are_not_written_are_kept(test_app: TestApp, error: type[BaseException]) -> None:
    ada = await test_app.person("ada@example.com")
    first, second = [await create(test_app, ada) for _ in range(2)]
    uses, now = KeyUse(), utc_now()
    for key in (first, second):
        uses.record(key.uid, now)

    class Failing:
        def write(self) -> object:
            uses.record(first.uid, now + HOUR)
            raise error

    with pytest.raises(error):
        await uses.flush(cast("UnitOfWork", Failing()))
    await uses.flush(test_app.runtime.database)
    async with test_app.runtime.database.write() as session:
        uids = (first.uid, second.uid)
        found = await session.scalars(select(ApiKey.last_used_at).where(ApiKey.uid.in_(uids)).order_by(ApiKey.id))
        assert found.all() == [now + HOUR, now], "a use during the failed write is newer"
