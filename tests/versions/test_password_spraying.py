"""One password tried for many users from one address is limited by the quota of the address."""

import httpx2
import pytest

from tests.support.app import PASSWORD, TestApp
from tests.support.dialects import DIALECTS
from tests.versions.test_rate_limits import ANONYMOUS, both, ensure_limited, settings

__all__ = ["settings"]
"""The fixture with quotas that a test can use up."""


async def sign_in(client: httpx2.AsyncClient, version: str, email: str, password: str) -> httpx2.Response:
    response: httpx2.Response = await DIALECTS[version].login(email, password).send(client)
    return response


@both
@pytest.mark.parametrize("credentials", ["none", "a valid key"])
async def test_many_users_from_one_address(test_app: TestApp, version: str, credentials: str) -> None:
    """A valid key does not help: sign-in ignores credentials, so it never charges the quota of a key."""
    ada = await test_app.person("ada@example.com")
    headers = ada.headers if credentials == "a valid key" else {}
    async with test_app.client(headers) as client:
        statuses = [
            (await sign_in(client, version, f"user{number}@example.com", "a common password")).status_code
            for number in range(ANONYMOUS)
        ]
        assert statuses == [401] * ANONYMOUS
        for email, password in (("other@example.com", "a common password"), ("ada@example.com", PASSWORD)):
            ensure_limited(version, await sign_in(client, version, email, password))
