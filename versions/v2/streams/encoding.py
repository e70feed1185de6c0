"""Writes events as messages of v2 streams."""

from app.events.stored import StoredEvent
from app.http.live.streams import message
from versions.v2.event_log import mapping
from versions.v2.events import RENDERER


def encode(event: StoredEvent) -> bytes | None:
    """Returns the message of an event; None if this version does not know it."""
    if not RENDERER.knows(event):
        return None
    return message(event.type, mapping.event(event).model_dump_json().encode(), event.position)
