"""Which records of uvicorn are written."""

import logging
from typing import Final

_REQUEST_TARGET: Final = '"WebSocket %s"'


class RequestTargets(logging.Filter):
    """Filters the records in which uvicorn quotes the request target of a WebSocket handshake.

    Its path and query can contain a token, which no pattern recognises.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record has no request target."""
        return _REQUEST_TARGET not in str(record.msg)
