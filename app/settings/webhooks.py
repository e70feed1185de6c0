"""Settings of webhooks."""

from pydantic import Field

from app.settings.group import Group, RequiredSecret


class WebhookSettings(Group, name="webhooks"):
    """How webhooks are signed, and how long their deliveries are kept."""

    sealing_key: RequiredSecret = Field(
        None, description="encrypts the secrets of webhook endpoints; another key makes the stored ones unreadable"
    )
    retention_days: int = Field(30, ge=1, description="days until a delivery is deleted with its attempts")
