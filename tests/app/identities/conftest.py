"""An application whose provider may lie, and browsers that sign in with it."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from app.http.identities import IdentityComponent
from app.http.runtime import Runtime
from app.main import create_app
from app.settings.providers import OpenIdSettings, ProviderSettings
from app.settings.root import Settings
from tests.support.app import TestApp
from tests.support.hostile_provider import CLIENT, SECRET, HostileProvider, hostile_provider
from tests.support.provider_sign_in import FRONT_END, URLS, SignIn
from tests.support.rollback_database import RollbackDatabase


@pytest_asyncio.fixture(loop_scope="session")
async def provider() -> AsyncIterator[HostileProvider]:
    async with hostile_provider() as provider:
        yield provider


@pytest.fixture
def provider_settings(settings: Settings, provider: HostileProvider) -> Settings:
    acme = OpenIdSettings(issuer=provider.issuer, client_id=CLIENT, client_secret=SECRET)
    other = acme.model_copy(update={"issuer": f"{provider.issuer}/other"})
    return settings.with_groups(ProviderSettings(openid={"acme": acme, "other": other}, front_ends=[FRONT_END]))


@pytest_asyncio.fixture(loop_scope="session")
async def app_with_provider(engine: AsyncEngine, provider_settings: Settings) -> AsyncIterator[TestApp]:
    async with engine.connect() as connection:
        transaction = await connection.begin()
        runtime = Runtime.build(provider_settings, await RollbackDatabase.of(connection))
        async with runtime.get(IdentityComponent).running():
            yield TestApp(create_app(provider_settings), runtime)
        await transaction.rollback()


@pytest_asyncio.fixture(loop_scope="session", params=list(URLS))
async def sign_in(
    request: pytest.FixtureRequest, app_with_provider: TestApp, provider: HostileProvider
) -> AsyncIterator[SignIn]:
    async with app_with_provider.client() as client:
        yield SignIn.of(client, request.param, provider)
