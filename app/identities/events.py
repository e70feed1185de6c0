"""Events of identities."""

from dataclasses import dataclass
from typing import ClassVar

from app.events.recorder import AuditedEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityLinked(AuditedEvent):
    """An identity became a user's. ``reason`` is the rule that allowed it: a value of ``LinkReason``."""

    type: ClassVar[str] = "identity.linked"
    provider: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityUnlinked(AuditedEvent):
    """The user removed an identity."""

    type: ClassVar[str] = "identity.unlinked"
    provider: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityConfirmationRequested(AuditedEvent):
    """Somebody signed in at a provider with the verified address of a user, who has to confirm the identity."""

    type: ClassVar[str] = "identity.confirmation_requested"
    provider: str
