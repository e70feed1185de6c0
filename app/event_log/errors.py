"""Errors of the log of events."""

from app.errors import NotFound


class EventNotFound(NotFound):
    """The event does not exist, is older than the retention, or the caller may not read it."""

    code = "event_not_found"
    detail = "There is no such event among those that you may read. Events are kept for a limited time."
