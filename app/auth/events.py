"""Events of registration, sign-in and sessions."""

from dataclasses import dataclass
from typing import ClassVar

from app.events.recorder import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRegistered(Event):
    """A user registered and verified the e-mail address."""

    type: ClassVar[str] = "user.registered"


@dataclass(frozen=True, slots=True, kw_only=True)
class UserVerified(Event):
    """The user verified an e-mail address that an administrator had changed."""

    type: ClassVar[str] = "user.verified"


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordReset(Event):
    """The user set a new password with a mailed token."""

    type: ClassVar[str] = "user.password_reset"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStarted(Event):
    """A user signed in."""

    type: ClassVar[str] = "session.started"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRevoked(Event):
    """A session was revoked; ``reason`` is ``logout`` or ``token_reuse``."""

    type: ClassVar[str] = "session.revoked"
    reason: str
