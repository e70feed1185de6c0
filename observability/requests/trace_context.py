"""W3C Trace Context (https://www.w3.org/TR/trace-context/): ``traceparent`` in, ``traceresponse`` out."""

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
    """The caller's span. Ids are lower-case hexadecimal."""

    trace_id: str
    span_id: str
    sampled: bool
    """What the caller decided. Whether that counts is for us to say."""


def parse_traceparent(value: bytes) -> Parent | None:
    """The parent, or ``None`` for anything but a valid header."""
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
    """The value of ``traceparent`` and of ``traceresponse``, version 00."""
    return f"00-{trace_id}-{span_id}-{'01' if sampled else '00'}"


def new_ids() -> tuple[str, str]:
    """A fresh trace id and span id.

    They identify and guard nothing, so that they need no random bits of the system's: that call lets go of the
    interpreter's lock, and the thread that exports and the one that answers would hand it to and fro for each span.
    """
    text = f"{getrandbits(192):048x}"
    return text[:32], text[32:]


def new_span_id() -> str:
    """A fresh span id within a known trace."""
    return f"{getrandbits(64):016x}"
