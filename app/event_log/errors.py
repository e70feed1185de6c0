"""Errors of the log of events."""

from app.errors import NotFound


class EventNotFound(NotFound):
    """The event does not exist, or the caller may not read it."""

    code = "event_not_found"
    detail = "The event does not exist, or you may not read it."
