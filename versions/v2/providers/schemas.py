"""Schemas of sign-in with providers, and of identities, in v2."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from versions.kit.values import NO_NUL
from versions.v2.auth.schemas import MailedToken, Tokens

CODE_CHALLENGE = r"^[A-Za-z0-9_-]{43}$"
FrontEnd = Annotated[
    str,
    Field(
        min_length=1,
        max_length=2000,
        pattern=NO_NUL,
        description="The page of the front end that receives the outcome: one that this deployment is configured for.",
        examples=["https://app.example.com/signed-in"],
    ),
]


class Provider(BaseModel):
    """An identity provider to sign in with."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(description="Its name in URLs.", examples=["example"])


class Providers(BaseModel):
    """The identity providers that this deployment is configured for."""

    model_config = ConfigDict(extra="forbid")

    data: list[Provider] = Field(description="The providers; empty if none is configured.", examples=[[]])


class ProviderResult(BaseModel):
    """What a visit to a provider achieved."""

    model_config = ConfigDict(extra="forbid")

    outcome: Literal["signed_in", "linked", "reauthenticated"] = Field(
        description="`linked` and `reauthenticated` end a visit of `POST /auth/providers/{provider}/visits`.",
        examples=["signed_in"],
    )
    tokens: Tokens | None = Field(description="The tokens of the new session; null for the other outcomes.")


class NewVisit(BaseModel):
    """A visit to a provider by the user of a session."""

    model_config = ConfigDict(extra="forbid")

    purpose: Literal["link", "reauthenticate"] = Field(
        description="`link` adds the identity there to the caller; `reauthenticate` proves the caller by it.",
        examples=["link"],
    )
    redirect_to: FrontEnd | None = Field(
        default_factory=lambda: None,
        description="The page of the front end that receives the outcome; null for a JSON response of the callback.",
        examples=[None],
    )


class Visit(BaseModel):
    """Where the browser goes now."""

    model_config = ConfigDict(extra="forbid")

    authorization_url: str = Field(
        description="The provider's page. Open it in the browser that received the cookie of this response.",
        examples=["https://id.example.com/authorize?client_id=strata&state=Jw0"],
    )
    expires_at: datetime = Field(
        description="Until when the browser must return from the provider.", examples=["2026-11-23T12:10:00Z"]
    )


class Identity(BaseModel):
    """An account of the caller at an identity provider."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(description="The id of the identity.", examples=["idn_01jwxq7c8gfq8sh1tbp9xqk3ma"])
    provider: str = Field(description="The name of the provider.", examples=["google"])
    email: str | None = Field(
        description="The address that the provider had verified when the identity was linked; null if it had none.",
        examples=["ada@example.com"],
    )
    created_at: datetime = Field(description="When it was linked.", examples=["2026-11-23T12:00:00Z"])
    last_used_at: datetime | None = Field(
        description="The last sign-in with it; null if there was none.", examples=["2026-11-23T12:00:00Z"]
    )


class IdentityConfirmation(BaseModel):
    """Consent of the owner of an address to an identity."""

    model_config = ConfigDict(extra="forbid")

    token: MailedToken
