"""Messages of the WebSockets of v1. What a client sends is plain text."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field


class UserJoined(BaseModel):
    """A user came into the room."""

    type: Literal["user_joined"]
    room_id: str = Field(description="The room.", examples=["lobby"])
    user_id: int = Field(description="The sequential id of the user.", examples=[1])


class ChatMessage(BaseModel):
    """A user wrote a message. Its author receives it, too."""

    type: Literal["message"]
    room_id: str = Field(description="The room.", examples=["lobby"])
    user_id: int = Field(description="The sequential id of the user.", examples=[1])
    message: str = Field(description="The message, as plain text.", examples=["Hello"])


class UserLeft(BaseModel):
    """A user left the room with the last connection."""

    type: Literal["user_left"]
    room_id: str = Field(description="The room.", examples=["lobby"])
    user_id: int = Field(description="The sequential id of the user.", examples=[1])


class Welcome(BaseModel):
    """The connection is open."""

    type: Literal["welcome"]
    user_id: int = Field(description="The sequential id of the user.", examples=[1])


class Notification(BaseModel):
    """The user received a notification."""

    type: Literal["notification"]
    message: str = Field(description="The message, as plain text.", examples=["Your report is ready."])
    created_at: datetime = Field(description="When it was sent.", examples=["2026-11-23T12:00:00Z"])


class Echo(BaseModel):
    """The text that the client sent."""

    type: Literal["echo"]
    message: str = Field(description="The text.", examples=["Hello"])


class Error(BaseModel):
    """A message was not accepted."""

    type: Literal["error"]
    message: str = Field(description="A description for people.", examples=["The message is too long"])
