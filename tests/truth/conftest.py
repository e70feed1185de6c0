"""The world of the truth tables, once for each pytest worker."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from sqlalchemy.pool import NullPool

from app.settings.auth import AuthSettings
from app.settings.root import Settings
from tests.support.identities import PROVIDERS
from tests.support.postgres import clone, owner_dsn
from tests.support.rollback_database import shared_engine

pytest.register_assert_rewrite("tests.truth.runner")

from tests.truth.world import World  # noqa: E402 - only what is imported later is rewritten


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def world(admin_dsn: str, settings: Settings) -> AsyncIterator[World]:
    """The application with the callers of the tables, in a transaction that is rolled back at the end.

    It has a database of its own: other tests would wait for the transaction if they inserted the same addresses.
    """
    auth = settings[AuthSettings].model_copy(update={"access_ttl": 86_400, "failed_logins_per_hour": 1_000_000})
    dsn = owner_dsn(await clone(admin_dsn, "truth", whole_run=True))
    engine = shared_engine(dsn, poolclass=NullPool)
    async with engine.connect() as connection:
        transaction = await connection.begin()
        yield await World.create(settings.with_groups(auth, PROVIDERS), connection)
        await transaction.rollback()
    await engine.dispose()
