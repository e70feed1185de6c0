"""Over https, the cookie of a visit has the prefix that no other host can set."""

from sqlalchemy.ext.asyncio import AsyncEngine

from app.http.runtime import Runtime
from app.main import create_app
from app.settings.http import HttpSettings
from app.settings.root import Settings
from tests.support.app import TestApp
from tests.support.hostile_provider import HostileProvider
from tests.support.provider_sign_in import URLS, SignIn
from tests.support.rollback_database import RollbackDatabase


async def test_the_cookie_of_a_deployment(
    engine: AsyncEngine, provider_settings: Settings, provider: HostileProvider
) -> None:
    http = provider_settings[HttpSettings].model_copy(update={"public_url": "https://api.example.com/"})
    settings = provider_settings.with_groups(http)
    async with engine.connect() as connection:
        transaction = await connection.begin()
        runtime = Runtime.build(settings, await RollbackDatabase.of(connection))
        async with TestApp(create_app(settings), runtime).client() as client:
            client.base_url = "https://api.example.com"
            for version in URLS:
                sign_in = SignIn.of(client, version, provider)
                response = await client.get(sign_in.urls[0])
                name, *attributes = response.headers["set-cookie"].split("; ")
                assert name.startswith("__Host-strata-browser=")
                assert {"HttpOnly", "Path=/", "SameSite=lax", "Secure", "Max-Age=3600"} <= set(attributes)
                assert not any(attribute.startswith("Domain") for attribute in attributes)
                reply = provider.authorize(response.headers["location"])
                assert (
                    f"redirect_uri=https%3A%2F%2Fapi.example.com%2Fapi%2F{version}%2F" in response.headers["location"]
                )
                assert (await sign_in.back(reply)).status_code == 200
        await transaction.rollback()


async def test_a_cookie_of_nonsense_is_replaced(sign_in: SignIn) -> None:
    for value in ("short", "x" * 44, "x" * 42 + "%"):
        sign_in.client.cookies.clear()
        response = await sign_in.client.get(sign_in.urls[0], headers={"Cookie": f"strata-browser={value}"})
        assert value not in response.headers["set-cookie"]
