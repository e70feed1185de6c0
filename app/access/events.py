"""Events of API keys."""

from dataclasses import dataclass
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
