"""Schemas of notifications in v2."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from versions.kit.values import text


class NotificationCreate(BaseModel):
    """A message to a user."""

    model_config = ConfigDict(extra="forbid")

    message: Annotated[str, text(min_length=1, max_length=1000)] = Field(
        description="The message, as plain text.", examples=["Your report is ready."]
    )


class Notification(BaseModel):
    """A message that a user received."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(description="The id of the notification.", examples=["ntf_01jwxq7c8gfq8sh1tbp9xqk3ma"])
    sender_id: str = Field(
        description="The id of the user who sent it, who may not exist any more.",
        examples=["usr_01jwxq7c8gfq8sh1tbp9xqk3ma"],
    )
    message: str = Field(description="The message, as plain text.", examples=["Your report is ready."])
    created_at: datetime = Field(description="When it was sent.", examples=["2026-11-23T12:00:00Z"])
    read_at: datetime | None = Field(
        description="When its recipient marked it as read; null until then.", examples=["2026-11-23T12:05:00Z"]
    )
