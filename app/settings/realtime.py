"""Settings of streams and WebSockets."""

from pydantic import Field

from app.settings.group import Group, Seconds


class RealtimeSettings(Group, name="realtime"):
    """Limits of connections that stay open, each for one process."""

    max_connections: int = Field(
        1000, ge=1, description="streams and WebSockets of each process; further ones are rejected with 503"
    )
    max_connections_per_caller: int = Field(
        20, ge=1, description="those of one user or address; further ones are rejected with 429"
    )
    max_message_bytes: int = Field(65_536, ge=1024, description="bytes of a message from a WebSocket")
    queue_messages: int = Field(256, ge=1, description="messages that wait for a slow client")
    queue_bytes: int = Field(262_144, ge=1024, description="their bytes; a client that is slower is disconnected")
    send_timeout: Seconds = Field(10.0, description="seconds until a message must be sent to a WebSocket")
    messages_per_second: float = Field(20.0, gt=0, description="messages that a WebSocket may send on average")
    message_burst: int = Field(40, ge=1, description="messages that a WebSocket may send at once")
    recheck: Seconds = Field(15.0, description="seconds until a process sees that a session or a key has ended")
