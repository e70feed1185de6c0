"""Errors of the log of events."""

from app.errors import NotFound


class EventsDeleted(NotFound):
    """The caller continues after an event that was deleted. Later ones may have been deleted with it."""

    code = "events_deleted"
    detail = (
        "The events after which to continue were deleted, and others that followed them may have been: events are kept "
        "for a limited time. Read the present state of what you follow, then list events without `after` and `cursor`."
    )


class EventNotFound(NotFound):
    """The event does not exist, or the caller may not read it."""

    code = "event_not_found"
    detail = "The event does not exist, or you may not read it."
