"""The collaborators of sign-in with providers that live as long as the process."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Final

from app.http.auth import AuthComponent
from app.http.rate_limit.limits import RateLimits
from app.http.rate_limit.throttle import RejectedCallbackLimit
from app.http.runtime import Component, Runtime
from app.identities.flow_secrets import FlowSecrets
from app.identities.flows import Collaborators
from app.identities.github import GitHubProvider
from app.identities.openid import OpenIdProvider
from app.identities.providers import Provider, Providers
from app.kit.egress.client import Egress, is_secure
from app.kit.egress.metrics import EgressMetrics
from app.settings.auth import AuthSettings
from app.settings.errors import SettingsError, require_secret, variable
from app.settings.http import HttpSettings
from app.settings.providers import GOOGLE, OpenIdSettings, ProviderSettings

_RECORDED_PER_MINUTE: Final = 10
"""Rejected callbacks from one network that the audit trail records; logs and metrics contain all."""
_GOOGLE_ISSUER: Final = "https://accounts.google.com"


class IdentityComponent(Component):
    """The providers that the settings describe, and the client that sends requests to them."""

    def __init__(self, shared: Collaborators, rejections: RejectedCallbackLimit, egress: Egress, base_url: str) -> None:
        self.shared = shared
        self.rejections = rejections
        self.base_url = base_url
        self._egress = egress

    @classmethod
    def build(cls, runtime: Runtime) -> "IdentityComponent":
        """Raises ``SettingsError`` if the callbacks of providers would not be protected."""
        settings, base_url = runtime.settings[ProviderSettings], runtime.settings[HttpSettings].base_url
        if settings.configured and not is_secure(base_url):
            message = f"{variable('http', 'public_url')} must be an https URL, since providers send browsers back to it"
            raise SettingsError(message)
        signing_key = require_secret(runtime.settings[AuthSettings].signing_key, "auth", "signing_key")
        egress = Egress(runtime.metrics.group(EgressMetrics))
        shared = Collaborators(
            Providers(_providers(settings, egress)),
            FlowSecrets(signing_key),
            frozenset(settings.front_ends),
            runtime.get(AuthComponent).attempts,
        )
        rejections = RejectedCallbackLimit(_RECORDED_PER_MINUTE, runtime.get(RateLimits).counting)
        return cls(shared, rejections, egress, base_url)

    @property
    def secure(self) -> bool:
        """Whether browsers reach this deployment over https."""
        return self.base_url.startswith("https://")

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Close the connections to providers at the end."""
        try:
            yield
        finally:
            await self._egress.close()


def _providers(settings: ProviderSettings, egress: Egress) -> Iterator[Provider]:
    if (google := settings.google) is not None:
        issuer = OpenIdSettings(issuer=_GOOGLE_ISSUER, client_id=google.client_id, client_secret=google.client_secret)
        # Google rejects the prompt `login`.
        yield OpenIdProvider(GOOGLE, issuer, egress, prompt="select_account")
    if settings.github is not None:
        yield GitHubProvider(settings.github, egress)
    for name, openid in settings.openid.items():
        yield OpenIdProvider(name, openid, egress)
