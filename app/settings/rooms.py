"""Settings of rooms."""

from pydantic import Field

from app.settings.group import Group


class RoomSettings(Group, name="rooms"):
    """How long messages of rooms are kept."""

    retention_hours: int = Field(24, ge=1, description="hours until a message of a room is deleted")
