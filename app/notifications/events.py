"""Events of notifications."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from app.events.recorder import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationCreated(Event):
    """A user received a message. Live connections deliver it from the event."""

    type: ClassVar[str] = "notification.created"
    message: str
    sender: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationRead(Event):
    """The user marked the notification as read."""

    type: ClassVar[str] = "notification.read"
