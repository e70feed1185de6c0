"""Settings of notifications."""

from pydantic import Field

from app.settings.group import Group


class NotificationSettings(Group, name="notifications"):
    """How long notifications are kept."""

    retention_days: int = Field(90, ge=1, description="days until a notification is deleted, read or not")
