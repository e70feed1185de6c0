"""Guesses of the current password count towards the limit on guesses of the user."""

import httpx2
import pytest

from app.settings.auth import AuthSettings
from app.settings.root import Settings
from tests.support.app import PASSWORD, TestApp
from tests.support.dialects import DIALECTS

GUESSES = 3
NEW = "another horse battery"


@pytest.fixture(scope="session")
def settings(settings: Settings) -> Settings:
    """A limit that a test can reach; the sign-in counts too. One more guess is possible every 20 seconds."""
    auth = AuthSettings.model_validate(settings[AuthSettings].model_dump() | {"logins_per_minute": GUESSES + 1})
    return settings.with_groups(auth)


@pytest.mark.parametrize("way", [*DIALECTS, "reauthentication"])
async def test_a_stolen_access_token_gives_no_more_guesses_than_a_sign_in(test_app: TestApp, way: str) -> None:
    ada = await test_app.person("ada@example.com")

    async def attempt(client: httpx2.AsyncClient, password: str) -> httpx2.Response:
        if way in DIALECTS:
            response: httpx2.Response = await DIALECTS[way].set_password(ada, NEW, password).send(client)
            return response
        return await client.post("/api/v2/auth/reauthentications", json={"password": password})

    async with test_app.client(await test_app.session(ada)) as client:
        guesses = [(await attempt(client, f"a wrong password {number}")).status_code for number in range(GUESSES)]
        right = await attempt(client, PASSWORD)
        form = {"grant_type": "password", "username": "ada@example.com", "password": PASSWORD}
        sign_in = await client.post("/api/v2/auth/token", data=form)
    assert guesses == [403] * GUESSES
    assert (right.status_code, "Retry-After" in right.headers) == (429, True), "the right password reveals nothing"
    assert sign_in.status_code == 429, "one budget for a user"
