"""Events of users in v1."""

from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import BaseModel, Field

from app.events.stored import StoredEvent
from versions.kit.events import EventType

UserField = Literal["full_name", "email", "is_active", "password"]
_NAMES: Final[Mapping[str, UserField]] = {
    "display_name": "full_name",
    "email": "email",
    "is_active": "is_active",
    "password": "password",
}
"""The names of fields in v1."""


class UserEventData(BaseModel):
    """What each event of a user contains."""

    id: int = Field(description="The sequential id of the user.", examples=[1])


class UserCreatedData(UserEventData):
    """An administrator created a user."""


class UserRegisteredData(UserEventData):
    """A user registered and verified the e-mail address."""


class UserVerifiedData(UserEventData):
    """A user verified an e-mail address that an administrator had changed."""


class UserUpdatedData(UserEventData):
    """A user was changed. The event names the fields and contains no values, which may be personal data."""

    changed: list[UserField] = Field(description="The names of the changed fields.", examples=[["full_name"]])


class UserDeletedData(UserEventData):
    """A user was deleted. Events of their posts precede this one."""


def _user(event: StoredEvent) -> dict[str, Any]:
    return {"id": event.subject_id}


def _updated(event: StoredEvent) -> Mapping[str, Any]:
    return {**_user(event), "changed": [_NAMES[name] for name in event.payload["changed"]]}


EVENTS: Final = (
    EventType("user.created", UserCreatedData, _user),
    EventType("user.registered", UserRegisteredData, _user),
    EventType("user.verified", UserVerifiedData, _user),
    EventType("user.updated", UserUpdatedData, _updated, schema=2),
    EventType("user.deleted", UserDeletedData, _user),
)
