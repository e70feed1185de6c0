"""Settings of WebSockets."""

from pydantic import Field

from app.settings.group import Group


class RealtimeSettings(Group, name="realtime"):
    """Limits of connections that stay open."""

    max_message_bytes: int = Field(65_536, ge=1024, description="bytes of a message from a WebSocket")
