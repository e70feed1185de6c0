"""A front end receives a one-time code in a redirect, and exchanges it for tokens. No URL contains tokens."""

from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest_asyncio

from app.identities.flow_secrets import challenge, new_secret
from tests.support.app import TestApp
from tests.support.contract import ContractClient
from tests.support.dialects import DIALECTS
from tests.support.hostile_provider import HostileProvider
from tests.support.provider_sign_in import FRONT_END, SignIn, tables

VERIFIER = new_secret()
QUERY = {"redirect_to": FRONT_END, "code_challenge": challenge(VERIFIER)}


@pytest_asyncio.fixture(loop_scope="session")
async def browser(app_with_provider: TestApp, provider: HostileProvider) -> SignIn:
    newest = list(DIALECTS)[-1]
    return SignIn.of(app_with_provider.client(), newest, provider)


async def exchange(client: ContractClient, code: str, verifier: str = VERIFIER) -> httpx2.Response:
    form = {"grant_type": "authorization_code", "code": code, "code_verifier": verifier}
    return await client.post("/api/v2/auth/token", data=form)


def code_of(response: httpx2.Response) -> str:
    location = urlsplit(response.headers["location"])
    assert (response.status_code, f"{location.scheme}://{location.netloc}{location.path}") == (303, FRONT_END)
    assert location.fragment == ""
    assert response.content == b""
    assert response.headers["cache-control"] == "no-store"
    (code,) = parse_qs(location.query)["code"]
    return code


async def test_a_code_is_exchanged_once(browser: SignIn) -> None:
    code = code_of(await browser(**QUERY))
    response = await exchange(browser.client, code)
    assert response.status_code == 200, response.text
    assert response.json()["refresh_token"]
    again = await exchange(browser.client, code)
    assert (again.status_code, again.json()["error"]) == (401, "invalid_grant")


async def test_a_stolen_code_is_useless(browser: SignIn, app_with_provider: TestApp) -> None:
    """Without the verifier, which never left the front end; and the attempt uses the code up."""
    code = code_of(await browser(**QUERY))
    for verifier in (new_secret(), VERIFIER):
        response = await exchange(browser.client, code, verifier)
        assert (response.status_code, response.json()["code"]) == (401, "invalid_sign_in_code")
    assert (await tables(app_with_provider))["sessions"] == []


async def test_a_code_is_short_lived(browser: SignIn, app_with_provider: TestApp) -> None:
    code = code_of(await browser(**QUERY))
    async with app_with_provider.runtime.database.write() as session:
        driver = await session.driver()
        await driver.execute("UPDATE sign_in_codes SET expires_at = expires_at - interval '60 seconds'")
    assert (await exchange(browser.client, code)).status_code == 401


async def test_an_unknown_page_receives_nothing(browser: SignIn) -> None:
    for page in ("https://evil.example/", f"{FRONT_END}/", f"{FRONT_END}?x=1", f"{FRONT_END}.evil.example", "/"):
        response = await browser.client.get(browser.urls[0], params={**QUERY, "redirect_to": page})
        assert (response.status_code, response.json()["code"]) == (422, "unknown_front_end")


async def test_a_page_and_a_challenge_belong_together(browser: SignIn) -> None:
    for name, text in QUERY.items():
        response = await browser.client.get(browser.urls[0], params={name: text})
        assert (response.status_code, response.json()["code"]) == (422, "incomplete_redirect")
    response = await browser.client.get(browser.urls[0], params={**QUERY, "code_challenge": "short"})
    assert response.status_code == 422


async def test_a_front_end_learns_of_a_failure(browser: SignIn, app_with_provider: TestApp) -> None:
    before = await tables(app_with_provider)
    for reply, error in (
        ({"error": "access_denied"}, "provider_error"),
        ({"iss": "https://evil.example"}, "invalid_provider_response"),
    ):
        response = await browser.back({**browser.provider.authorize(await browser.begin(**QUERY)), **reply})
        assert (response.status_code, response.headers["location"]) == (303, f"{FRONT_END}?error={error}")
    assert await tables(app_with_provider) == before


async def test_a_failure_before_the_visit_is_known_redirects_nowhere(browser: SignIn) -> None:
    reply = browser.provider.authorize(await browser.begin(**QUERY))
    browser.client.cookies.clear()
    assert (await browser.back(reply)).status_code == 400
