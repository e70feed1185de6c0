"""Input of the use cases of registration and sign-in."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Registration:
    """A user to register, requested by a client from ``network``."""

    email: str
    password: str = field(repr=False)
    display_name: str
    network: str


@dataclass(frozen=True, slots=True)
class PasswordSignIn:
    """A sign-in with a password, from the client at ``address``."""

    email: str
    password: str = field(repr=False)
    address: str
    user_agent: str | None
