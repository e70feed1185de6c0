"""What happens to users."""

from dataclasses import dataclass
from typing import ClassVar

from app.events.recorder import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class UserCreated(Event):
    """An account exists."""

    type: ClassVar[str] = "user.created"
    roles: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class UserUpdated(Event):
    """``changed`` names the fields, not their values: those may be personal."""

    type: ClassVar[str] = "user.updated"
    changed: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRolesChanged(Event):
    """The account has these roles from now on."""

    type: ClassVar[str] = "user.roles_changed"
    roles: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class UserDeleted(Event):
    """The account, its posts, sessions and keys are gone."""

    type: ClassVar[str] = "user.deleted"
