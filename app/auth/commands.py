"""What callers ask of the auth feature."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Registration:
    """A stranger who wants an account."""

    email: str
    password: str = field(repr=False)
    display_name: str


@dataclass(frozen=True, slots=True)
class Credentials:
    """An attempt to sign in, and where it comes from."""

    email: str
    password: str = field(repr=False)
    address: str
    user_agent: str | None


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What a signed-in client holds. ``expires_in`` is the access token's lifetime in seconds."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int
    scope: str
    """The permissions behind the access token, separated by spaces (RFC 6749, section 3.3)."""
