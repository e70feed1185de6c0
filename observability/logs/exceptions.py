"""Logs an exception with its traceback once, in the first layer that handles it."""

import logging
import sys
from typing import Final

from structlog.typing import EventDict

from observability.tracing.recording import record_failure

_MARK: Final = "_logged_by_observability"


def mark_logged(error: BaseException) -> None:
    """Mark the exception as logged with its traceback."""
    setattr(error, _MARK, True)


def was_logged(error: BaseException) -> bool:
    """Whether the traceback has been logged already."""
    return getattr(error, _MARK, False)


def mark_event(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Mark the exception of an event and add it to the current trace (a structlog processor).

    Must run before the traceback is formatted.
    """
    error = event.get("exc_info")
    if error is True:
        error = sys.exception()
    elif isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        mark_logged(error)
        record_failure(error)
    return event


class RepeatedFailures(logging.Filter):
    """Filters a server's "Exception in ASGI application" record if the exception has been logged already.

    An exception after the response has started must reach the server, because only the server can close the connection.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the exception of the record is not logged yet."""
        error = record.exc_info[1] if record.exc_info else None
        return error is None or not was_logged(error)
