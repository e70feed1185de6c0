"""The ids of a request: its own, which a caller may choose, and those of its trace."""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

import uuid_utils

from observability.logs.redaction import holds_secret
from observability.requests.trace_context import Parent, format_traceparent, new_ids, parse_traceparent

_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,128}")


class RequestIds(NamedTuple):
    """Ids in the form of logs and responses."""

    request_id: str
    trace_id: str
    span_id: str
    parent: Parent | None


def read_ids(headers: Iterable[tuple[bytes, bytes]]) -> RequestIds:
    """Return the ids that a request names in valid headers, and new ones for the others."""
    given: list[bytes] = []
    parents: list[bytes] = []
    for name, value in headers:
        if name == b"x-request-id":
            given.append(value)
        elif name == b"traceparent":
            parents.append(value)
    trace_id, span_id = new_ids()
    parent = parse_traceparent(parents[0]) if len(parents) == 1 else None
    return RequestIds(_request_id(given), trace_id if parent is None else parent.trace_id, span_id, parent)


def id_headers(
    request_id: str, trace_id: str, span_id: str, *, sampled: bool
) -> tuple[tuple[bytes, bytes], tuple[bytes, bytes], tuple[bytes, bytes]]:
    """Return the headers that name the ids of a request in its response."""
    trace = format_traceparent(trace_id, span_id, sampled=sampled).encode()
    return (
        (b"x-request-id", request_id.encode()),
        (b"traceresponse", trace),
        # The same for scripts in browsers, which read it from the resource timing.
        (b"server-timing", b'trace;desc="%b"' % trace),
    )


def _request_id(given: list[bytes]) -> str:
    """Return the caller's id if there is exactly one, well-formed and without a credential; otherwise a new UUIDv7."""
    if len(given) == 1 and _REQUEST_ID.fullmatch(given[0]):
        text = given[0].decode()
        if not holds_secret(text):
            return text
    return uuid_utils.uuid7().hex
