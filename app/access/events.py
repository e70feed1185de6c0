"""Events of API keys, and of the end of sessions."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from app.events.recorder import AuditedEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeyCreated(AuditedEvent):
    """A user created a key, or an operator for a user."""

    type: ClassVar[str] = "api_key.created"
    scopes: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeyRotated(AuditedEvent):
    """A successor replaced the key, which stays valid for the overlap."""

    type: ClassVar[str] = "api_key.rotated"
    successor: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeyUpdated(AuditedEvent):
    """``changed`` names the fields."""

    type: ClassVar[str] = "api_key.updated"
    changed: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeyRevoked(AuditedEvent):
    """The key was revoked, by its owner or an administrator."""

    type: ClassVar[str] = "api_key.revoked"


class RevocationReason(StrEnum):
    """Why a session was revoked before it expired."""

    LOGOUT = "logout"
    TOKEN_REUSE = "token_reuse"  # noqa: S105 - a reason
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - a reason
    PASSWORD_RESET = "password_reset"  # noqa: S105 - a reason
    ADDRESS_PROVED = "address_proved"
    """The owner of the address signed in with a provider; others had not proved that it is theirs."""
    USER_DEACTIVATED = "user_deactivated"
    USER_DELETED = "user_deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRevoked(AuditedEvent):
    """An open session was revoked."""

    type: ClassVar[str] = "session.revoked"
    reason: RevocationReason
