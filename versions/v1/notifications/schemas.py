"""Schemas of notifications in v1."""

from pydantic import BaseModel, Field


class NotificationSent(BaseModel):
    """The notification was stored; connected WebSockets of the user receive it."""

    message: str = Field(description="What happened, for people.", examples=["Notification sent"])
