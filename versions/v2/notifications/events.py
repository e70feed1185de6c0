"""Events of notifications in v2."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from app.events.stored import StoredEvent
from versions.kit.events import EventType, uid
from versions.kit.typeid import encode
from versions.v2.ids import NOTIFICATION, USER


class NotificationReadData(BaseModel):
    """A user marked a notification as read."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(description="The id of the notification.", examples=["ntf_01jwxq7c8gfq8sh1tbp9xqk3ma"])


class NotificationCreatedData(BaseModel):
    """A user received a notification."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(description="The id of the notification.", examples=["ntf_01jwxq7c8gfq8sh1tbp9xqk3ma"])
    sender_id: str = Field(description="The id of the sender.", examples=["usr_01jwxq7c8gfq8sh1tbp9xqk3ma"])
    message: str = Field(description="The message, as plain text.", examples=["Your report is ready."])


def _read(event: StoredEvent) -> Mapping[str, Any]:
    return {"id": encode(NOTIFICATION, event.subject_uid)}


def _created(event: StoredEvent) -> Mapping[str, Any]:
    return {
        "id": encode(NOTIFICATION, event.subject_uid),
        "sender_id": encode(USER, uid(event, "sender")),
        "message": event.payload["message"],
    }


EVENTS: Final = (
    EventType("notification.created", NotificationCreatedData, _created),
    EventType("notification.read", NotificationReadData, _read),
)
