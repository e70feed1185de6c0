"""W3C Trace Context (https://www.w3.org/TR/trace-context/): parses ``traceparent``, formats ``traceresponse``."""

import re
from random import getrandbits
from typing import Final, NamedTuple

_TRACEPARENT: Final = re.compile(rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-[^\r\n]*)?")
_NO_TRACE: Final = b"0" * 32
_NO_SPAN: Final = b"0" * 16
_FIRST_VERSION: Final = b"00"
_FORBIDDEN_VERSION: Final = b"ff"
_SAMPLED: Final = 1


class Parent(NamedTuple):
    """The span of the caller. Ids are lower-case hexadecimal."""

    trace_id: str
    span_id: str
    sampled: bool
    """The decision of the caller. The sampler decides whether it applies."""


def parse_traceparent(value: bytes) -> Parent | None:
    """Return the parent, or ``None`` for an invalid header."""
    match = _TRACEPARENT.fullmatch(value)
    if match is None:
        return None
    version, trace_id, parent_id, flags, extension = match.groups()
    if version == _FORBIDDEN_VERSION or (version == _FIRST_VERSION and extension is not None):
        return None
    if trace_id == _NO_TRACE or parent_id == _NO_SPAN:
        return None
    return Parent(trace_id.decode(), parent_id.decode(), bool(int(flags, 16) & _SAMPLED))


def format_traceparent(trace_id: str, span_id: str, *, sampled: bool) -> str:
    """Return the value of ``traceparent`` and ``traceresponse``, version 00."""
    return f"00-{trace_id}-{span_id}-{'01' if sampled else '00'}"


def new_ids() -> tuple[str, str]:
    """Return a new trace id and span id.

    The ids protect nothing, so they do not come from the system's random source: that call releases the interpreter
    lock, and the export thread and the event loop would exchange it for each span.
    """
    text = f"{getrandbits(192):048x}"
    return text[:32], text[32:]


def new_span_id() -> str:
    """Return a new span id."""
    return f"{getrandbits(64):016x}"
