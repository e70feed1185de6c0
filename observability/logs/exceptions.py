"""An exception is logged with its traceback once, by whoever meets it first."""

import logging
import sys
from typing import Final

from structlog.typing import EventDict

from observability.tracing.recording import note_failure

_MARK: Final = "_logged_by_observability"


def mark_logged(error: BaseException) -> None:
    """Note on the exception itself that its traceback is in the log."""
    setattr(error, _MARK, True)


def was_logged(error: BaseException) -> bool:
    """Whether its traceback is in the log already."""
    return getattr(error, _MARK, False)


def mark_event(_logger: object, _method: str, event: EventDict) -> EventDict:
    """The processor that marks the exception of an event, and shows it to the running trace; to stand before its
    traceback is formatted.
    """
    error = event.get("exc_info")
    if error is True:
        error = sys.exception()
    elif isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        mark_logged(error)
        note_failure(error)
    return event


class RepeatedFailures(logging.Filter):
    """Keeps a server's "Exception in ASGI application" out of the log when the failure is there already.

    An exception that strikes after the head of a response was sent has to be raised up to the server, since only the
    server can cut the connection.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is news."""
        error = record.exc_info[1] if record.exc_info else None
        return error is None or not was_logged(error)
