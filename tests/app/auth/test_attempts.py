"""Each way to authenticate counts its attempts under its own method, by outcome."""

import pytest

from app.access.errors import WrongPassword
from app.access.passwords import PasswordHasher
from app.access.principal import Principal
from app.auth.reauthentication import PasswordProof
from app.events.recorder import EventRecorder
from tests.app.auth.test_session_service import Counts, Guesses
from tests.support.app import PASSWORD, TestApp
from tests.support.dialects import DIALECTS
from tests.support.dialects.dialect import Dialect

ADDRESS = "ada@example.com"


def count_of(test_app: TestApp) -> dict[tuple[str, str], float]:
    """The attempts by method and outcome."""
    (family,) = [one for one in test_app.runtime.metrics.registry.collect() if one.name == "auth_attempts"]
    return {
        (sample.labels["method"], sample.labels["outcome"]): sample.value
        for sample in family.samples
        if sample.name.endswith("_total") and sample.value
    }


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
async def test_attempts(test_app: TestApp, dialect: Dialect) -> None:
    ada = await test_app.person(ADDRESS)
    async with test_app.client() as client:

        async def sign_in(password: str) -> dict[str, str]:
            found: dict[str, str] = (await dialect.login(ADDRESS, password).send(client)).json()
            return found

        async def refresh(token: str) -> None:
            await dialect.refresh(token).send(client)

        async def call(headers: dict[str, str]) -> None:
            await client.get(dialect.me, headers=headers)

        tokens = await sign_in(PASSWORD)
        assert count_of(test_app) == {("password", "success"): 1}
        await sign_in("a wrong password")
        await refresh(tokens["refresh_token"])
        await refresh(tokens["access_token"])
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        for headers in (bearer, {"Authorization": "Bearer e30.e30.e30"}, ada.headers, {"X-API-Key": "sk_live_0"}):
            await call(headers)
        for password in (PASSWORD, "a wrong password"):
            await dialect.set_password(ada, PASSWORD, password).send(client, headers=bearer)
    assert count_of(test_app) == {
        ("password", "success"): 1,
        ("password", "invalid_credentials"): 1,
        ("refresh_token", "success"): 1,
        ("refresh_token", "wrong_token_type"): 1,
        ("access_token", "success"): 3,
        ("access_token", "invalid_token"): 1,
        ("api_key", "success"): 1,
        ("api_key", "invalid_token"): 1,
        ("reauthentication", "success"): 1,
        ("reauthentication", "wrong_password"): 1,
    }


async def test_a_wrong_current_password_is_a_failed_guess_as_at_a_sign_in(test_app: TestApp) -> None:
    ada = await test_app.person("Ada@example.com")
    caller = Principal(ada.user.id, ada.user.uid, (), frozenset({"credentials:write"}))
    guesses, database = Guesses(), test_app.runtime.database
    async with database.write() as session:
        proof = PasswordProof(database.reads, PasswordHasher(1), guesses, Counts(), EventRecorder(session).audit)
        with pytest.raises(WrongPassword):
            await proof.ensure(caller, "a wrong password")
        await proof.ensure(caller, PASSWORD)
    assert (guesses.charged, guesses.failed) == ([ADDRESS] * 2, [ADDRESS])
