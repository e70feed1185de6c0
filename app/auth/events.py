"""Events of registration, sign-in and sessions."""

from dataclasses import dataclass
from typing import ClassVar

from app.events.recorder import AuditedEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRegistered(AuditedEvent):
    """A user registered and verified the e-mail address."""

    type: ClassVar[str] = "user.registered"


@dataclass(frozen=True, slots=True, kw_only=True)
class UserVerified(AuditedEvent):
    """The user verified an e-mail address that an administrator had changed."""

    type: ClassVar[str] = "user.verified"


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordReset(AuditedEvent):
    """The user set a new password with a mailed token."""

    type: ClassVar[str] = "user.password_reset"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStarted(AuditedEvent):
    """A user signed in."""

    type: ClassVar[str] = "session.started"
