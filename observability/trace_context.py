"""W3C Trace Context (https://www.w3.org/TR/trace-context/): ``traceparent`` in, ``traceresponse`` out."""

import os
import re
from typing import Final

_TRACEPARENT: Final = re.compile(rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-[^\r\n]*)?")
_NO_TRACE: Final = b"0" * 32
_NO_SPAN: Final = b"0" * 16
_FIRST_VERSION: Final = b"00"
_FORBIDDEN_VERSION: Final = b"ff"


def parse_traceparent(value: bytes) -> tuple[str, str] | None:
    """Trace id and parent span id in lower-case hexadecimal, or ``None`` for anything but a valid header.

    The flags are not returned on purpose: whether a request is sampled is not for strangers to decide.
    """
    match = _TRACEPARENT.fullmatch(value)
    if match is None:
        return None
    version, trace_id, parent_id, extension = match.groups()
    if version == _FORBIDDEN_VERSION or (version == _FIRST_VERSION and extension is not None):
        return None
    if trace_id == _NO_TRACE or parent_id == _NO_SPAN:
        return None
    return trace_id.decode(), parent_id.decode()


def format_traceparent(trace_id: str, span_id: str, *, sampled: bool) -> str:
    """The value of ``traceparent`` and of ``traceresponse``, version 00."""
    return f"00-{trace_id}-{span_id}-{'01' if sampled else '00'}"


def new_ids() -> tuple[str, str]:
    """A fresh trace id and span id, for the price of one system call."""
    text = os.urandom(24).hex()
    return text[:32], text[32:]
