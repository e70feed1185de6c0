"""Settings of identity providers."""

import re
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, field_validator, model_validator

from app.settings.group import Group, StrictModel

GOOGLE: Final = "google"
GITHUB: Final = "github"
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,31}")
_TAKEN: Final = frozenset({GOOGLE, GITHUB, "login", "me", "providers", "refresh", "register", "verify"})
"""Names of the other providers, and of paths beside those of providers."""


def _url(value: str) -> str:
    if not value.startswith(("https://", "http://")) or any(mark in value for mark in "?# "):
        message = "must be an https URL without query and fragment"
        raise ValueError(message)
    return value


Url = Annotated[str, AfterValidator(_url)]


class ClientSettings(StrictModel):
    """This deployment's registration at a provider."""

    client_id: str = Field(min_length=1)
    client_secret: SecretStr


class GitHubSettings(ClientSettings):
    """GitHub, or a GitHub Enterprise Server."""

    url: Url = "https://github.com"
    api_url: Url = "https://api.github.com"


class OpenIdSettings(StrictModel):
    """An issuer of OpenID Connect, which publishes its metadata."""

    issuer: Url
    client_id: str = Field(min_length=1)
    client_secret: SecretStr | None = Field(None, description="None for a public client")
    client_authentication: Literal["basic", "post"] = "basic"
    scopes: str = "openid email profile"

    @field_validator("scopes")
    @classmethod
    def _has_openid(cls, value: str) -> str:
        if "openid" not in value.split():
            message = "must contain 'openid'"
            raise ValueError(message)
        return value


class ProviderSettings(Group, name="providers"):
    """The identity providers to sign in with. The name of a provider is part of its users' identities: never reuse one.

    ``openid`` maps names to issuers: ``STRATA_PROVIDERS__OPENID__ACME__ISSUER``.
    """

    google: ClientSettings | None = None
    github: GitHubSettings | None = None
    openid: dict[str, OpenIdSettings] = Field(default_factory=dict)
    front_ends: list[Url] = Field(
        default_factory=list, description="pages that may receive the one-time code of a sign-in, compared exactly"
    )

    @field_validator("openid")
    @classmethod
    def _names_fit_urls(cls, value: dict[str, Any]) -> dict[str, Any]:
        for name in value:
            if _NAME.fullmatch(name) is None or name in _TAKEN:
                message = f"'{name}' cannot be the name of a provider: use other lower-case letters, digits and hyphens"
                raise ValueError(message)
        return value

    @model_validator(mode="after")
    def _front_ends_are_known(self) -> Self:
        if len(set(self.front_ends)) < len(self.front_ends):
            message = "providers.front_ends must not repeat a page"
            raise ValueError(message)
        return self

    @property
    def configured(self) -> bool:
        """Whether there is a provider."""
        return bool(self.google or self.github or self.openid)
