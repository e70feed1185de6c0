"""Which records of uvicorn are written."""

import logging
from typing import Final

_REQUEST_TARGET: Final = '"WebSocket %s"'
_NOT_UTF_8: Final = "Invalid UTF-8 sequence received from client."


class SocketRecords(logging.Filter):
    """Filters the records in which uvicorn quotes the request target of a WebSocket, or the error of a client.

    The path and the query can contain a token, which no pattern recognises. A text frame that is not UTF-8 is an error
    of the client, which the close code of the access log says; uvicorn logs it as an error with a traceback.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is neither."""
        message = str(record.msg)
        return _REQUEST_TARGET not in message and message != _NOT_UTF_8
