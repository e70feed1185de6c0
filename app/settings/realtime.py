"""Settings of streams and WebSockets."""

from math import ceil
from typing import Final

from pydantic import Field

from app.settings.group import Group, Seconds

_RECONNECT_SECONDS: Final = 900


class RealtimeSettings(Group, name="realtime"):
    """Limits of connections that stay open, each for one process."""

    max_connections: int = Field(
        1000, ge=1, description="streams and WebSockets of each process; further ones are rejected with 503"
    )
    max_message_bytes: int = Field(65_536, ge=1024, description="bytes of a message from a WebSocket")
    max_connection_seconds: Seconds = Field(
        3600.0,
        le=3600,
        description="seconds after which a stream or a WebSocket ends; its client connects again, and is authorised "
        "anew",
    )
    heartbeat_seconds: Seconds = Field(15.0, description="seconds of silence after which a stream sends a comment")

    @property
    def stream_session_seconds(self) -> int:
        """The life of the cookie of a browser: that of one stream, and time to connect again."""
        return ceil(self.max_connection_seconds) + _RECONNECT_SECONDS
