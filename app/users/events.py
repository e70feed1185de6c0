"""Events of users."""

from dataclasses import dataclass
from typing import ClassVar

from app.events.recorder import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class UserCreated(Event):
    """An administrator created the user."""

    type: ClassVar[str] = "user.created"
    roles: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class UserUpdated(Event):
    """``changed`` names the fields without their values, which may be personal data."""

    type: ClassVar[str] = "user.updated"
    changed: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRolesChanged(Event):
    """``roles`` are all roles of the user after the change."""

    type: ClassVar[str] = "user.roles_changed"
    roles: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class UserDeleted(Event):
    """The user was deleted with their posts, sessions and keys."""

    type: ClassVar[str] = "user.deleted"
