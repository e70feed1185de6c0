"""Events of users."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from app.events.recorder import AuditedEvent, Event, Subject
from app.models import User


@dataclass(frozen=True, slots=True, kw_only=True)
class UserCreated(AuditedEvent):
    """An administrator created the user."""

    type: ClassVar[str] = "user.created"
    roles: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class UserUpdated(Event):
    """``changed`` names the fields without their values, which may be personal data. See ``AUDITED_CHANGES``."""

    type: ClassVar[str] = "user.updated"
    schema: ClassVar[int] = 2
    changed: list[str]
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRolesChanged(AuditedEvent):
    """``roles`` are all roles of the user after the change."""

    type: ClassVar[str] = "user.roles_changed"
    schema: ClassVar[int] = 2
    roles: list[str]
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UserDeleted(AuditedEvent):
    """The user was deleted with their posts, sessions and keys."""

    type: ClassVar[str] = "user.deleted"


def subject_of(user: User) -> Subject:
    """A user as the subject of an event. Users own themselves."""
    return Subject(user.uid, user.uid, user.id)


AUDITED_CHANGES: Final[Mapping[str, str]] = {
    "email": "user.email_changed",
    "password": "user.password_changed",
    "is_active": "user.activity_changed",
}
"""The action in the audit trail by the changed field. The others are not security-relevant."""
