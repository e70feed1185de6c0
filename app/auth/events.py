"""What happens around signing in."""

from dataclasses import dataclass
from typing import ClassVar

from app.events.recorder import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRegistered(Event):
    """A stranger made an account; its address is not proven yet."""

    type: ClassVar[str] = "user.registered"


@dataclass(frozen=True, slots=True, kw_only=True)
class UserVerified(Event):
    """The account's address is proven."""

    type: ClassVar[str] = "user.verified"


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordReset(Event):
    """The account has a new password, set with a mailed token."""

    type: ClassVar[str] = "user.password_reset"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStarted(Event):
    """Somebody signed in."""

    type: ClassVar[str] = "session.started"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRevoked(Event):
    """A session ended before its time; ``reason`` is ``logout`` or ``token_reuse``."""

    type: ClassVar[str] = "session.revoked"
    reason: str
