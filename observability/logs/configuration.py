"""The log configuration: one output for the lines of this process and of its libraries."""

import json
import logging
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import BinaryIO, Final

import orjson
import structlog
from structlog.typing import EventDict, Processor

from observability.config import LogFormat, LogLevel
from observability.logs.debug import debug_log
from observability.logs.exceptions import RepeatedFailures, mark_event
from observability.logs.redaction import redact_event
from observability.logs.server import SocketRecords
from observability.requests.context import ACTIVE, log_fields

_LEVELS: Final = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_WITH_OWN_HANDLERS: Final = ("uvicorn", "uvicorn.error", "uvicorn.access")
_LIBRARIES: Final = logging.WARNING
"""Below it, libraries describe their internals: statements, header fields, frames of WebSockets."""
_SERVER: Final = logging.INFO
"""uvicorn describes its start and stop. Below it, the WebSocket library quotes header fields and frames."""


class LineSink:
    """Writes whole lines, unbuffered. A failed write must never fail the request that the line describes."""

    def __init__(self, stream: BinaryIO | None = None) -> None:
        self._stream = stream

    def msg(self, line: bytes) -> None:
        """Write one line; ``line`` does not end in a newline."""
        self.write(line + b"\n")

    debug = info = warning = error = critical = msg

    def write(self, lines: bytes) -> None:
        """Write whole lines."""
        # Standard output is looked up for each write: tests replace it, and a pipe to ``head`` may close it.
        stream = sys.stdout.buffer if self._stream is None else self._stream
        try:
            stream.write(lines)
            stream.flush()
        except (OSError, ValueError):
            return

    def isatty(self) -> bool:
        """Whether the output is a terminal."""
        return (sys.stdout if self._stream is None else self._stream).isatty()


class RequestLines:
    """The output of the access log: the same sink, with fewer processors.

    The fields have values from closed sets or are ids that this process generated or validated, and they include the
    ids of the request: redaction, exception rendering and context ids are unnecessary. That, a logger that is bound
    once and one system call for all requests that ended together make it cheap. Not thread-safe: one event loop uses
    it.
    """

    def __init__(self) -> None:
        self._sink = LineSink()
        self._lines: list[bytes] = []
        self.log: structlog.typing.FilteringBoundLogger = structlog.get_logger()
        """Read it for each line: ``configure`` replaces it. Its lines are written by ``flush``."""

    def configure(self, sink: LineSink, render: Sequence[Processor], threshold: int) -> None:
        """Write lines at or above ``threshold`` to ``sink``."""
        self._sink = sink
        self.log = structlog.wrap_logger(
            self,
            processors=[add_level_and_time, *render],
            wrapper_class=structlog.make_filtering_bound_logger(threshold),
        ).bind()

    def msg(self, line: bytes) -> None:
        """Buffer one line until ``flush``; ``line`` does not end in a newline."""
        self._lines += (line, b"\n")

    debug = info = warning = error = critical = msg

    def flush(self) -> None:
        """Write the buffered lines."""
        lines, self._lines = self._lines, []
        if lines:
            self._sink.write(b"".join(lines))


request_lines: Final = RequestLines()


class SinkHandler(logging.Handler):
    """Passes the records of the standard library to the sink."""

    def __init__(self, sink: LineSink) -> None:
        super().__init__()
        self._sink = sink

    def emit(self, record: logging.LogRecord) -> None:
        """Format and write a record. A failure is reported on standard error, as in the standard library."""
        try:
            line = self.format(record)
        except Exception:  # noqa: BLE001 - the contract of logging.Handler
            self.handleError(record)
            return
        self._sink.msg(line.encode(errors="replace"))


def configure(level: LogLevel = "info", log_format: LogFormat = "auto", stream: BinaryIO | None = None) -> None:
    """Configure structlog and the standard library for this process; may be called again.

    ``stream`` defaults to standard output. Lines are JSON, or text for a terminal.
    """
    sink = LineSink(stream)
    console = log_format == "console" or (log_format == "auto" and sink.isatty())
    render = _console() if console else render_json
    threshold = _LEVELS[level]
    debug_log.enabled = level == "debug"
    to_bytes = [_encode] if console else []
    request_lines.configure(sink, [render, *to_bytes], threshold)
    structlog.configure(
        processors=[*_shared(), *_last(render), *to_bytes],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=lambda *_names: sink,
        cache_logger_on_first_use=False,
    )
    _configure_standard_library(sink, render, threshold)


def _shared() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        add_context,
        structlog.processors.add_log_level,
        structlog.processors.StackInfoRenderer(),
        mark_event,
        # Renders the traceback without the values of local variables.
        structlog.processors.format_exc_info,
    ]


def _last(render: Processor) -> list[Processor]:
    return [redact_event, add_time, render]


def _configure_standard_library(sink: LineSink, render: Processor, threshold: int) -> None:
    handler = SinkHandler(sink)
    handler.addFilter(RepeatedFailures())
    handler.addFilter(SocketRecords())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *_shared()],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_last(render), _decode],
        )
    )
    root = logging.getLogger()
    for known in [known for known in root.handlers if isinstance(known, SinkHandler)]:
        root.removeHandler(known)
    root.addHandler(handler)
    root.setLevel(max(threshold, _LIBRARIES))
    for name in _WITH_OWN_HANDLERS:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(logging.NOTSET)
    # The access log has the same content; without handlers, uvicorn does not even format its own.
    logging.getLogger("uvicorn.access").propagate = False
    logging.getLogger("uvicorn").setLevel(max(threshold, _SERVER))


def add_context(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Add the ids of the current request (a structlog processor)."""
    context = ACTIVE.get()
    if context is not None:
        event.update(log_fields(context))
    return event


def add_time(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Add the time (a structlog processor). Runs after redaction, which would be wasted on it."""
    event["timestamp"] = datetime.now(UTC)
    return event


def add_level_and_time(_logger: object, method: str, event: EventDict) -> EventDict:
    """Add the level, which is the name of the method, and the time (a structlog processor)."""
    event["level"] = method
    return add_time(_logger, method, event)


def render_json(_logger: object, _method: str, event: EventDict) -> bytes:
    """Render one JSON object. Values that orjson rejects (lone surrogates) are escaped by the slower encoder."""
    try:
        return orjson.dumps(event, option=orjson.OPT_UTC_Z)
    except TypeError:
        return json.dumps(event, default=str).encode()


def _console() -> Processor:
    # The traceback is text already; the renderer's own formatter would show the values of local variables.
    renderer: Processor = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    return renderer


def _encode(_logger: object, _method: str, line: EventDict | str) -> bytes:
    return str(line).encode(errors="replace")


def _decode(_logger: object, _method: str, line: EventDict | str | bytes) -> str:
    return line.decode() if isinstance(line, bytes) else str(line)
