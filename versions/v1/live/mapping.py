"""Maps rooms and notifications from the core to the messages of v1."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

from pydantic import BaseModel

from app.events.stored import StoredEvent
from app.rooms.views import MessageKind, RoomMessageView
from versions.v1.live import schemas


def _joined(room: str, view: RoomMessageView) -> schemas.UserJoined:
    return schemas.UserJoined(type="user_joined", room_id=room, user_id=view.sender_id)


def _left(room: str, view: RoomMessageView) -> schemas.UserLeft:
    return schemas.UserLeft(type="user_left", room_id=room, user_id=view.sender_id)


def _wrote(room: str, view: RoomMessageView) -> schemas.ChatMessage:
    return schemas.ChatMessage(type="message", room_id=room, user_id=view.sender_id, message=str(view.text))


_MESSAGES: Final[Mapping[str, Callable[[str, RoomMessageView], BaseModel]]] = {
    MessageKind.JOINED: _joined,
    MessageKind.LEFT: _left,
    MessageKind.MESSAGE: _wrote,
}


@lru_cache(maxsize=1024)
def message(room: str, view: RoomMessageView) -> str:
    """The text of a message, encoded once for all who receive it."""
    return _MESSAGES[view.kind](room, view).model_dump_json()


def reset(_room: str, _position: int) -> None:
    """Nothing: v1 does not resume."""


def welcome(user_id: int) -> str:
    """The first message about notifications."""
    return schemas.Welcome(type="welcome", user_id=user_id).model_dump_json()


def echo(text: str) -> str:
    """The answer to a text."""
    return schemas.Echo(type="echo", message=text).model_dump_json()


def notification(event: StoredEvent) -> bytes:
    """The message of the event of a new notification."""
    message = schemas.Notification(
        type="notification",
        message=event.payload["message"],
        created_at=event.occurred_at,
    )
    return message.model_dump_json().encode()


def error(text: str) -> str:
    """An error in the answer to a message."""
    return schemas.Error(type="error", message=text).model_dump_json()
