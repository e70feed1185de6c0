"""A browser that signs in with a provider, and what that changes."""

from dataclasses import dataclass
from typing import Any, Final

import httpx2

from tests.support.app import TestApp
from tests.support.contract import ContractClient
from tests.support.dialects import DIALECTS
from tests.support.hostile_provider import HostileProvider

FRONT_END: Final = "https://app.example.com/signed-in"
URLS: Final = {version: dialect.provider_urls for version, dialect in DIALECTS.items()}
"""The URLs of start and callback by version, with ``{}`` for the provider."""
_TABLES: Final = (
    *("users", "identities", "sessions", "refresh_tokens", "sign_in_codes", "identity_confirmations", "events"),
    *("action_tokens", "api_keys", "pending_registrations", "pgqueuer"),
)


@dataclass
class SignIn:
    """A browser that signs in with the provider ``acme`` in one version."""

    client: ContractClient
    urls: tuple[str, str]
    """Those of the start and of the callback."""
    provider: HostileProvider

    @classmethod
    def of(cls, client: ContractClient, version: str, provider: HostileProvider) -> "SignIn":
        start, callback = URLS[version]
        return cls(client, (start.format("acme"), callback.format("acme")), provider)

    async def begin(self, **query: str) -> str:
        """Start, and return the provider's URL."""
        response = await self.client.get(self.urls[0], params=query)
        assert response.status_code == 302, response.text
        assert "httponly" in response.headers["set-cookie"].lower()
        return response.headers["location"]

    async def back(self, reply: dict[str, str]) -> httpx2.Response:
        """Return from the provider."""
        return await self.client.get(self.urls[1], params=reply)

    async def __call__(self, **query: str) -> httpx2.Response:
        """Sign in, and return the response of the callback."""
        return await self.back(self.provider.authorize(await self.begin(**query)))


async def tables(app: TestApp) -> dict[str, Any]:
    """The contents of every table that a sign-in could change, except the flows."""
    driver = app.runtime.database.driver  # type: ignore[attr-defined]  # of a RollbackDatabase
    return {name: await driver.fetch(f"SELECT * FROM {name} ORDER BY 1") for name in _TABLES}  # noqa: S608 - constants
