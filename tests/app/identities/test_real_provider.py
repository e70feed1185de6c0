"""Sign-in with a real OpenID provider, without a browser: its redirects are followed, and its forms submitted."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest
import pytest_asyncio
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from app.http.identities import IdentityComponent
from app.http.runtime import Runtime
from app.main import create_app
from app.settings.http import HttpSettings
from app.settings.providers import OpenIdSettings, ProviderSettings
from app.settings.root import Settings
from tests.support.app import TestApp
from tests.support.provider_sign_in import URLS
from tests.support.real_provider import CLIENT, NAME, SECRET, real_provider, sign_in_there
from tests.support.rollback_database import RollbackDatabase
from tests.support.waiting import PATIENCE

VARIANTS = {"claims in the ID token": {}, "claims in the user info": {"STRICT": "1"}}


@pytest.fixture(scope="module", params=list(VARIANTS))
def issuer(request: pytest.FixtureRequest) -> Iterator[str]:
    with real_provider(**VARIANTS[request.param]) as issuer:
        yield issuer


@dataclass
class Real:
    app: TestApp
    base_url: str

    async def sign_in(self, version: str, login: str) -> tuple[httpx2.AsyncClient, httpx2.Response]:
        start, callback = (url.format(NAME) for url in URLS[version])
        client = self.app.client()
        started = await client.get(start)
        assert started.status_code == 302, started.text
        back = await sign_in_there(started.headers["location"], login, f"{self.base_url}{callback}")
        return client, await client.get(callback, params=dict(parse_qsl(urlsplit(back).query)))


@pytest_asyncio.fixture(loop_scope="session")
async def real(engine: AsyncEngine, settings: Settings, issuer: str) -> AsyncIterator[Real]:
    provider = OpenIdSettings(issuer=issuer, client_id=CLIENT, client_secret=SecretStr(SECRET))
    settings = settings.with_groups(ProviderSettings(openid={NAME: provider}))
    async with engine.connect() as connection:
        transaction = await connection.begin()
        runtime = Runtime.build(settings, await RollbackDatabase.of(connection))
        async with runtime.get(IdentityComponent).running():
            yield Real(TestApp(create_app(settings), runtime), settings[HttpSettings].base_url)
        await transaction.rollback()


@pytest.mark.parametrize("version", URLS)
async def test_a_user_signs_in(real: Real, version: str) -> None:
    client, response = await real.sign_in(version, "ada")
    assert response.status_code == 200, response.text
    body = response.json()
    token = body.get("tokens", body)["access_token"]
    me = (await client.get("/api/v2/me", headers={"Authorization": f"Bearer {token}"})).json()
    assert (me["email"], me["display_name"], me["is_verified"]) == ("ada@example.com", "The user ada", True)
    await client.aclose()
    client, response = await real.sign_in(version, "ada")
    assert response.status_code == 200, "a known identity"
    # The code was exchanged, so neither we nor the provider accept it again.
    again = await client.get(str(response.request.url))
    assert again.status_code == 400
    await client.aclose()


@pytest.mark.parametrize("version", URLS)
async def test_an_unverified_address_signs_nobody_in(real: Real, version: str) -> None:
    await real.app.person("unverified-eve@example.com")
    client, response = await real.sign_in(version, "unverified-eve")
    assert response.status_code == 403
    assert "verified" in response.json()["detail"]
    await client.aclose()


async def test_a_user_who_declines(real: Real) -> None:
    for version in URLS:
        start, callback = (url.format(NAME) for url in URLS[version])
        async with real.app.client() as client:
            url = (await client.get(start)).headers["location"]
            state = dict(parse_qsl(urlsplit(url).query))["state"]
            async with httpx2.AsyncClient(timeout=PATIENCE) as browser:
                page = await browser.get(url, follow_redirects=True)
                aborted = await browser.get(f"{page.url}/abort", follow_redirects=False)
                while not aborted.headers["location"].startswith(real.base_url):
                    aborted = await browser.get(aborted.headers["location"])
            reply = dict(parse_qsl(urlsplit(aborted.headers["location"]).query))
            assert reply["state"] == state
            response = await client.get(callback, params=reply)
        assert (response.status_code, "access_denied" in response.json()["detail"]) == (400, True)


async def test_a_visit_proves_the_user_again(real: Real) -> None:
    person = await real.app.person("owner@example.com")
    session = await real.app.session(person)
    async with real.app.client(session) as client:
        for purpose, outcome in (("link", "linked"), ("reauthenticate", "reauthenticated")):
            visit = await client.post(f"/api/v2/auth/providers/{NAME}/visits", json={"purpose": purpose})
            callback = f"/api/v2/auth/providers/{NAME}/callback"
            back = await sign_in_there(visit.json()["authorization_url"], "owner", f"{real.base_url}{callback}")
            response = await client.get(callback, params=dict(parse_qsl(urlsplit(back).query)))
            assert response.json() == {"outcome": outcome, "tokens": None}
