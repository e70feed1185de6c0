"""Input of the use cases of sign-in with a provider."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Purpose(StrEnum):
    """Why a browser visits a provider."""

    SIGN_IN = "sign_in"
    LINK = "link"
    REAUTHENTICATE = "reauthenticate"


class LinkReason(StrEnum):
    """The rule by which an identity became a user's."""

    REQUESTED = "requested"
    """The user asked for it in a session with fresh proof."""
    CONFIRMED = "confirmed"
    """The owner of the user's address used a mailed token."""
    PROVED_ADDRESS = "proved_address"
    """The provider verified the address, which the user had not: its earlier credentials were removed."""
    NEW_USER = "new_user"


@dataclass(frozen=True, slots=True)
class FlowStart:
    """A visit to start. ``callback`` is the URL to which the provider returns."""

    provider: str
    callback: str
    browser: str | None = field(repr=False)
    """The cookie of the browser, if it has one."""
    return_to: str | None = None
    """The page of the front end that receives the outcome; None for JSON."""
    code_challenge: str | None = None
    """The front end's own PKCE challenge (RFC 7636, S256), for the one-time code."""


@dataclass(frozen=True, slots=True)
class SignInClient:
    """The client of a sign-in."""

    network: str
    user_agent: str | None


@dataclass(frozen=True, slots=True)
class ProviderReply:
    """The parameters with which a provider returns (RFC 6749, section 4.1.2, and RFC 9207)."""

    state: str | None = field(repr=False)
    code: str | None = field(repr=False)
    iss: str | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Callback:
    """A request to the callback of a provider."""

    provider: str
    url: str
    browser: str | None = field(repr=False)
    reply: ProviderReply


@dataclass(frozen=True, slots=True)
class Visit:
    """What a provider must return to: the secrets of one flow."""

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    callback: str
    proof: bool
    """Whether the provider must authenticate the user again."""
    started_at: datetime


@dataclass(frozen=True, slots=True)
class ExternalIdentity:
    """A user at a provider. ``email`` is an address that the provider has verified."""

    provider: str
    subject: str
    email: str | None = field(repr=False)
    name: str | None = field(repr=False)
