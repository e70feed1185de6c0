"""Events of users in v2."""

from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.access.principal import Role
from app.events.stored import StoredEvent
from versions.kit.events import EventType
from versions.kit.typeid import encode
from versions.v2.ids import USER

UserField = Literal["display_name", "email", "is_active", "password"]


class UserEventData(BaseModel):
    """What each event of a user contains."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(description="The id of the user.", examples=["usr_01jwxq7c8gfq8sh1tbp9xqk3ma"])


class UserCreatedData(UserEventData):
    """An administrator created a user."""

    roles: list[Role] = Field(description="The roles of the new user.", examples=[["author"]])


class UserRegisteredData(UserEventData):
    """A user registered and verified the e-mail address."""


class UserVerifiedData(UserEventData):
    """A user verified an e-mail address that an administrator had changed."""


class UserUpdatedData(UserEventData):
    """A user was changed. The event names the fields and contains no values, which may be personal data."""

    changed: list[UserField] = Field(description="The names of the changed fields.", examples=[["display_name"]])
    revision: int = Field(description="The revision of the user after the change.", ge=1, examples=[2])


class UserRolesChangedData(UserEventData):
    """The roles of a user were replaced."""

    roles: list[Role] = Field(description="All roles after the change.", examples=[["author", "moderator"]])
    revision: int = Field(description="The revision of the user after the change.", ge=1, examples=[3])


class UserPasswordResetData(UserEventData):
    """A user set a new password with a mailed token."""


class UserDeletedData(UserEventData):
    """A user was deleted. Events of all that was deleted with them precede this one."""


def _user(event: StoredEvent) -> dict[str, Any]:
    return {"id": encode(USER, event.subject_uid)}


def _roles(event: StoredEvent) -> list[Role]:
    return [Role(name) for name in event.payload["roles"]]


def _created(event: StoredEvent) -> Mapping[str, Any]:
    return {**_user(event), "roles": _roles(event)}


def _updated(event: StoredEvent) -> Mapping[str, Any]:
    return {**_user(event), "changed": event.payload["changed"], "revision": event.payload["revision"]}


def _roles_changed(event: StoredEvent) -> Mapping[str, Any]:
    return {
        **_user(event),
        "roles": _roles(event),
        "revision": event.payload["revision"],
    }


EVENTS: Final = (
    EventType("user.created", UserCreatedData, _created),
    EventType("user.registered", UserRegisteredData, _user),
    EventType("user.verified", UserVerifiedData, _user),
    EventType("user.updated", UserUpdatedData, _updated, schema=2),
    EventType("user.roles_changed", UserRolesChangedData, _roles_changed, schema=2),
    EventType("user.password_reset", UserPasswordResetData, _user),
    EventType("user.deleted", UserDeletedData, _user),
)
