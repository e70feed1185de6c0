"""Settings of events."""

from pydantic import Field

from app.settings.group import Group


class EventSettings(Group, name="events"):
    """How long events are kept."""

    retention_days: int = Field(30, ge=1, description="days until an event is deleted")
