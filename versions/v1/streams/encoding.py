"""Writes events as messages of the v1 stream."""

from app.events.stored import StoredEvent
from app.http.live.streams import message
from versions.v1.events import RENDERER


def encode(event: StoredEvent) -> bytes | None:
    """Returns the message of an event; None if this version does not know it."""
    body = RENDERER.render(event)
    return None if body is None else message(event.type, body, event.position)
